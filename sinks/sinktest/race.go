//go:build race

package sinktest

// underRace is set where everything takes ten times as long: what is about chance and
// about processes, which the detector does not see, has fewer rounds then.
const underRace = true
