package postgres

import (
	"time"

	"exporter/sinks"
)

// SetPace shortens the waits of DDL that meets a lock.
func SetPace(s sinks.Sink, lock time.Duration, tries uint) {
	p := &s.(*sink).pace
	p.lock, p.tries, p.first, p.last = lock, tries, time.Millisecond, time.Millisecond
}

// AppendJSON is the encoder of jsonb.
var AppendJSON = appendJSON
