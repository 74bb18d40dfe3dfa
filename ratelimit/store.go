package ratelimit

import (
	"context"
	"time"
)

// Store keeps the usage of credentials over restarts, one row per credential. A
// limiter calls Load once, before anything else, and never two Saves at a time.
// When Save returns nil the usage is durable. Load of an unknown credential
// returns the zero Usage.
type Store interface {
	Load(ctx context.Context, credential string) (Usage, error)
	Save(ctx context.Context, credential string, u Usage) error
}

// Usage is what a limiter must know after a restart. It is stored as JSON.
type Usage struct {
	SavedAt time.Time     `json:"saved_at,omitzero"`
	Windows []WindowUsage `json:"windows,omitempty"`

	// ActiveUntil is the write-ahead mark: until then, Ahead more permits may be
	// given without another Save. Zero after a clean Close.
	ActiveUntil time.Time      `json:"active_until,omitzero"`
	Ahead       int            `json:"ahead,omitempty"`
	InFlight    map[string]int `json:"in_flight,omitempty"` // permits without an answer, by class

	PausedUntil time.Time `json:"paused_until,omitzero"`
	PauseReason string    `json:"pause_reason,omitempty"`

	Learned []Learned `json:"learned,omitempty"`
	Day     DayUsage  `json:"day,omitzero"`
}

// Learned is a limit that the vendor taught, lower than the one configured.
type Learned struct {
	Class  string        `json:"class,omitempty"` // "" = general window
	Per    time.Duration `json:"per"`             // nanoseconds; 0 = requests in flight
	Limit  int           `json:"limit"`
	Until  time.Time     `json:"until"`
	Reason string        `json:"reason,omitempty"`

	// Slow is set if the limit was found by slowing down; nil if the vendor named it.
	Slow *Slowed `json:"slow,omitempty"`
}

// Slowed is how far slowing down has come.
type Slowed struct {
	Level  int           `json:"level,omitempty"` // at which the vendor refused; 0 = not known
	Hold   time.Duration `json:"hold"`            // how long it is kept there, nanoseconds
	Trying bool          `json:"trying,omitempty"`
	Next   time.Time     `json:"next"` // of the next change
}

// WindowUsage are the permits of one window that have not come back.
type WindowUsage struct {
	Class string        `json:"class,omitempty"` // "" = general window
	Per   time.Duration `json:"per"`             // nanoseconds
	Spent []Spent       `json:"spent,omitempty"` // ascending
}

// Spent are N permits whose first byte arrived at At, microseconds since 1970,
// rounded up.
type Spent struct {
	At int64 `json:"at"`
	N  int   `json:"n"`
}
