//go:build race

package main

// buildFlags let the race detector look at exporter too, whose packages go test has
// then compiled already.
var buildFlags = []string{"-race"}
