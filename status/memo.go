package status

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// fresh is how long an answer is good for the next who asks: many browsers and
	// scrapers cost what one does.
	fresh = time.Second
	// askFor bounds one question, whoever waits for its answer.
	askFor = time.Minute
)

// memo asks once for everybody who asks at the same time. Who leaves does not wait for
// the answer, and takes it from nobody.
type memo[T any] struct {
	ask    func(context.Context) (T, error)
	flight singleflight.Group

	mu    sync.Mutex
	at    time.Time
	value T
}

func newMemo[T any](ask func(context.Context) (T, error)) *memo[T] { return &memo[T]{ask: ask} }

func (m *memo[T]) get(ctx context.Context) (T, error) {
	if v, ok := m.known(); ok {
		return v, nil
	}
	answer := m.flight.DoChan("", func() (_ any, err error) {
		defer func() { // in a goroutine of its own it would end the process, loads and all
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
		defer cancel()
		v, err := m.ask(ctx)
		if err == nil {
			m.mu.Lock()
			m.value, m.at = v, time.Now()
			m.mu.Unlock()
		}
		return v, err
	})
	select {
	case a := <-answer:
		v, _ := a.Val.(T)
		return v, a.Err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// known is the last answer, if it is fresh.
func (m *memo[T]) known() (v T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.value, !m.at.IsZero() && time.Since(m.at) < fresh
}
