// Command exporter loads reports of marketing, analytics and ordering APIs into a warehouse,
// night after night, complete and typed.
//
// How the program is put together: main makes a [Main] of the process's streams;
// Main.Run builds the tree of commands (root.go), each in a file of its own, and
// turns what comes back into messages and an exit code. What commands share:
//
//	adapters.go   the lists of sources and sinks
//	session.go    configuration, state and engine, opened as far as a command needs them
//	output.go     which stream gets what, and how
//	interrupt.go  signals
//	logs.go       the log; progress.go the same for a terminal
//
// Invariants: data goes to stdout and everything else to stderr; what --json
// prints is described in JSON.md and changes only by addition; no output holds a
// secret, because lower layers never put one into an error, an event or a log.
package main

import (
	"os"
	"time"

	_ "time/tzdata" // zones work on machines without a zone database
)

func main() {
	os.Exit(Main{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: os.LookupEnv, Args: os.Args[1:], Now: time.Now,
	}.runInterruptible())
}
