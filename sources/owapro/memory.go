package owapro

import (
	"context"
	"encoding/json"
	"sync"

	"exporter/fault"
	"exporter/sources"
)

// memory is sources.Memory with JSON values. What it was told it knows for as long
// as the source lives, also where there is no store.
type memory struct {
	store sources.Memory // nil = none

	mu    sync.Mutex
	known map[string][]byte
}

// recall reads a value into to, which must be a pointer. A value of an older
// program that cannot be read counts as none.
func (m *memory) recall(ctx context.Context, key string, to any) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.find(ctx, key, to)
}

// find is recall with the lock held.
func (m *memory) find(ctx context.Context, key string, to any) (bool, error) {
	value, ok := m.known[key]
	if !ok && m.store != nil {
		var err error
		if value, ok, err = m.store.Recall(ctx, key); err != nil {
			return false, fault.New(fault.ClassOf(err), "recall %s: %w", key, err)
		}
	}
	return ok && json.Unmarshal(value, to) == nil, nil
}

func (m *memory) keep(ctx context.Context, key string, value any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.note(ctx, key, value)
}

// note is keep with the lock held.
func (m *memory) note(ctx context.Context, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fault.New(fault.Permanent, "remember %s: %w", key, err)
	}
	if m.known == nil {
		m.known = map[string][]byte{}
	}
	m.known[key] = text
	if m.store == nil {
		return nil
	}
	if err := m.store.Remember(ctx, key, text); err != nil {
		return fault.New(fault.ClassOf(err), "remember %s: %w", key, err)
	}
	return nil
}

// once reports whether text is new under the key, and remembers it.
func (m *memory) once(ctx context.Context, key, text string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var before string
	if ok, err := m.find(ctx, key, &before); err != nil || ok && before == text {
		return false, err
	}
	return true, m.note(ctx, key, text)
}
