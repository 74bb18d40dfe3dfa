package status

import (
	"context"
	"sync"
	"time"
)

// fresh is how long an answer is good for the next who asks: many browsers and
// scrapers cost what one does.
const fresh = time.Second

// memo asks once for everybody who asks at the same time.
type memo[T any] struct {
	ask func(context.Context) (T, error)

	mu    sync.Mutex
	at    time.Time
	value T
}

func newMemo[T any](ask func(context.Context) (T, error)) *memo[T] { return &memo[T]{ask: ask} }

func (m *memo[T]) get(ctx context.Context) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.at.IsZero() && time.Since(m.at) < fresh {
		return m.value, nil
	}
	v, err := m.ask(ctx)
	if err == nil {
		m.value, m.at = v, time.Now()
	}
	return v, err
}
