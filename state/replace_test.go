package state_test

import (
	"path/filepath"
	"sync"
	"testing"

	"exporter/settings"
	"exporter/sources/httpapi"
	"exporter/state"
)

func TestReplaceToken(t *testing.T) {
	s := openState(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	first, second, third := httpapi.Token{Access: "a1", Refresh: "r1"}, httpapi.Token{Access: "a2", Refresh: "r2"}, httpapi.Token{Access: "a3", Refresh: "r3"}
	for _, step := range []struct {
		name   string
		old, t httpapi.Token
		done   bool
		stored httpapi.Token
	}{
		{"what is not there", first, second, false, httpapi.Token{}},
		{"none", httpapi.Token{}, first, true, first},
		{"none, again", httpapi.Token{}, second, false, first},
		{"the one there is", first, second, true, second},
		{"the one before", first, third, false, second},
		{"half of it", httpapi.Token{Access: "a2"}, third, false, second},
	} {
		done, err := s.ReplaceToken(t.Context(), "hurra", step.old, step.t)
		must(t, err)
		got, _, err := s.LoadToken(t.Context(), "hurra")
		must(t, err)
		if done != step.done || !got.Same(step.stored) {
			t.Errorf("%s: replaced %t, now %s; want %t, %s", step.name, done, got.Refresh.Reveal(), step.done, step.stored.Refresh.Reveal())
		}
	}
}

// Of many processes that replace the same token one does.
func TestReplaceTokenAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := httpapi.Token{Refresh: "first"}
	must(t, openState(t, path, state.Options{}).SaveToken(t.Context(), "hurra", first))
	var mu sync.Mutex
	var won []settings.Secret
	var wg sync.WaitGroup
	for _, name := range []settings.Secret{"a", "b", "c", "d", "e", "f"} {
		s := openState(t, path, state.Options{})
		wg.Go(func() {
			done, err := s.ReplaceToken(t.Context(), "hurra", first, httpapi.Token{Refresh: name})
			if err != nil {
				t.Error(err)
			}
			if done {
				mu.Lock()
				won = append(won, name)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	got, _, err := openState(t, path, state.Options{}).LoadToken(t.Context(), "hurra")
	must(t, err)
	if len(won) != 1 || got.Refresh != won[0] {
		t.Errorf("%d have replaced it, %s is stored", len(won), got.Refresh.Reveal())
	}
}
