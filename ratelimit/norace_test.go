//go:build !race

package ratelimit_test

const schedulesDrawn = "10000"

const raceDetector = false
