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

// Lock is how long DDL waits for a lock.
var Lock = defaultPace().lock
