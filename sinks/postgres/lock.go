package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// lockKey is the key of an advisory lock, which the database shares with
// everybody; hashed so that others are unlikely to take the same.
func lockKey(kind string, names ...string) int64 {
	h := sha256.New()
	for _, n := range append([]string{"exporter", kind}, names...) {
		h.Write([]byte(n))
		h.Write([]byte{0})
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// tableKeys returns the keys of tables in the one order in which everybody takes them.
func (s *sink) tableKeys(tables ...string) []int64 {
	keys := make([]int64, 0, len(tables))
	for _, t := range tables {
		keys = append(keys, lockKey("table", s.schema, t))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// gate queues the loads of this process, so that those waiting for a table hold
// no connection. The zero gate is ready.
type gate struct {
	mu    sync.Mutex
	turns map[int64]chan struct{}
}

func (g *gate) turn(key int64) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.turns == nil {
		g.turns = make(map[int64]chan struct{})
	}
	if g.turns[key] == nil {
		g.turns[key] = make(chan struct{}, 1)
	}
	return g.turns[key]
}

// enter takes every key, which must be sorted, and returns how to leave.
func (g *gate) enter(ctx context.Context, keys []int64) (leave func(), err error) {
	var held []chan struct{}
	leave = func() {
		for _, t := range held {
			<-t
		}
		held = nil
	}
	for _, k := range keys {
		t := g.turn(k)
		select {
		case t <- struct{}{}:
			held = append(held, t)
		case <-ctx.Done():
			leave()
			return nil, stopped(ctx)
		}
	}
	return leave, nil
}

// lockTables waits for the tables' advisory locks until the end of tx. They are
// what other processes queue at.
func lockTables(ctx context.Context, tx pgx.Tx, keys []int64) error {
	for _, k := range keys {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", k); err != nil {
			return err
		}
	}
	return nil
}
