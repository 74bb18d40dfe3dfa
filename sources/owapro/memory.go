package owapro

import (
	"context"
	"encoding/json"
	"sync"

	"exporter/fault"
	"exporter/sources"
)

// memory is sources.Memory with JSON values, over a map where there is none.
type memory struct {
	store sources.Memory // nil = only as long as the source lives

	mu   sync.Mutex
	said map[string]string
}

// recall reads a value into to, which must be a pointer. A value of an older
// program that cannot be read counts as none.
func (m *memory) recall(ctx context.Context, key string, to any) (bool, error) {
	if m.store == nil {
		return false, nil
	}
	value, ok, err := m.store.Recall(ctx, key)
	if err != nil {
		return false, fault.New(fault.ClassOf(err), "recall %s: %w", key, err)
	}
	return ok && json.Unmarshal(value, to) == nil, nil
}

func (m *memory) keep(ctx context.Context, key string, value any) error {
	if m.store == nil {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fault.New(fault.Permanent, "remember %s: %w", key, err)
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
	if m.said[key] == text {
		return false, nil
	}
	var before string
	if ok, err := m.recall(ctx, "owapro "+key, &before); err != nil || ok && before == text {
		return false, err
	}
	if m.said == nil {
		m.said = map[string]string{}
	}
	m.said[key] = text
	return true, m.keep(ctx, "owapro "+key, text)
}
