package state_test

import (
	"path/filepath"
	"testing"

	"exporter/state"
)

func TestMemoryOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for round, want := range []string{"", "one", "two"} {
		s, err := state.Open(t.Context(), path, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := s.Recall(t.Context(), "hurra probe")
		if err != nil || ok != (round > 0) || string(got) != want {
			t.Errorf("round %d: recalled %q %v %v, want %q", round, got, ok, err, want)
		}
		if err := s.Remember(t.Context(), "hurra probe", []byte([]string{"one", "two", "three"}[round])); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
