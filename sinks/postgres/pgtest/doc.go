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
// Servers run as package pgserver describes, from installed binaries, and leave nothing behind.
package pgtest
