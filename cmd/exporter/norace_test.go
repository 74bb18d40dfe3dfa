//go:build !race

package main

// hundred is how often tests of a hundred kills kill; fewer times under the race detector.
const hundred = 100
