package state_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/state"
)

func TestQuotaSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := state.Open(t.Context(), path, state.Options{})
	must(t, err)
	if u, err := s.Quota().Load(t.Context(), "tune"); err != nil || !cmp.Equal(u, ratelimit.Usage{}) {
		t.Fatalf("unknown credential: %+v, %v", u, err)
	}
	want := usage(3)
	must(t, s.Quota().Save(t.Context(), "tune", usage(9)))
	must(t, s.Quota().Save(t.Context(), "tune", want))
	must(t, s.Quota().Save(t.Context(), "hurra", ratelimit.Usage{}))
	must(t, s.Close())

	s = openState(t, path, state.Options{})
	got, err := s.Quota().Load(t.Context(), "tune")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if names, err := s.Quota().Credentials(t.Context()); err != nil || !slices.Equal(names, []string{"hurra", "tune"}) {
		t.Errorf("credentials %q, %v", names, err)
	}
}

// What was used cannot be guessed: a damaged row is an error that says where it is.
func TestDamagedQuota(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{})
	must(t, s.Quota().Save(t.Context(), "tune", usage(3)))
	db, err := sql.Open("sqlite", path)
	must(t, err)
	for _, text := range []string{"", "{garbage", "[]"} {
		_, err = db.Exec(`UPDATE quota SET usage = ?`, text)
		must(t, err)
		_, err = s.Quota().Load(t.Context(), "tune")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"tune"`) || fault.HintOf(err) == "" {
			t.Errorf("usage %q: %v, want an error that names file and row and has a hint", text, err)
		}
	}
	must(t, db.Close())
}

func usage(n int) ratelimit.Usage {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	u := ratelimit.Usage{SavedAt: at, ActiveUntil: at.Add(time.Second), Ahead: n, InFlight: map[string]int{"": 1}, PausedUntil: at.Add(time.Hour), PauseReason: "429"}
	for _, per := range []time.Duration{time.Minute, time.Hour} {
		w := ratelimit.WindowUsage{Per: per}
		for i := range n {
			w.Spent = append(w.Spent, ratelimit.Spent{At: at.UnixMicro() + int64(i), N: 1})
		}
		u.Windows = append(u.Windows, w)
	}
	return u
}
