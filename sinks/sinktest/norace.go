//go:build !race

package sinktest

const underRace = false
