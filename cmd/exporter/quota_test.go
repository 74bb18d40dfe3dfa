package main

import (
	"testing"
	"time"
)

// A limit that is slowed down rises again soon; only one the vendor named is held for its day.
func TestLoweredLimitForPeople(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 14, 5, 0, time.UTC)
	q := quotaObject{Credential: "tune", Limit: 20, LimitNow: 14, LearnedUntil: at.AddDate(0, 0, 1), LearnedReason: "answer 429", text: "20/10s"}
	if got, want := q.lowered(time.UTC), "tune: 20/10s is held at 14 until "+clock(q.LearnedUntil, time.UTC)+": answer 429"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	q.RisesAt = at
	if got, want := q.lowered(time.UTC), "tune: 20/10s is slowed down to 14, more is tried at "+clock(at, time.UTC)+": answer 429"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
