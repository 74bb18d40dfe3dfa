//go:build race

package main

// hundred is how often tests of a hundred kills kill. Each process takes several times as
// long under the race detector; without it they kill a hundred times.
const hundred = 40
