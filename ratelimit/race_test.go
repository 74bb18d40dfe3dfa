//go:build race

package ratelimit_test

// Under the race detector a schedule takes ten times as long.
const schedulesDrawn = "2000"

const raceDetector = true
