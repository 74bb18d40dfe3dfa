package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"time"

	"exporter/sinks"
)

// SetWait shortens the wait for locks of other programs.
func SetWait(s sinks.Sink, wait time.Duration) {
	k := s.(*sink)
	k.pace = pace{wait: wait, try: time.Millisecond, poll: time.Millisecond}
	reconnect(k)
}

// SetPragma changes every connection.
func SetPragma(s sinks.Sink, pragma string) { reconnect(s.(*sink), pragma) }

// SetConnector puts something between the sink and its driver.
func SetConnector(s sinks.Sink, connector func(dsn string) driver.Connector) {
	k := s.(*sink)
	before := k.db
	k.db = sql.OpenDB(connector(k.dsn()))
	k.db.SetMaxIdleConns(idle)
	if err := before.Close(); err != nil {
		panic(err)
	}
}

func reconnect(s *sink, extra ...string) {
	before := s.db
	if err := s.connect(extra...); err != nil {
		panic(err)
	}
	if err := before.Close(); err != nil {
		panic(err)
	}
}

// Number is the encoder of decimals.
var Number = number

// Counted counts all slices anew for progress.
var Counted = counted("true")
