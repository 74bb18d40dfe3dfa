package status_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"exporter/status"
)

func TestHealth(t *testing.T) {
	p := newPage(t, nil)
	for _, c := range []struct {
		name              string
		ready             error
		tick              time.Time
		healthy, prepared int
		reason            string
	}{
		{"runs jobs", nil, noon.Add(-time.Second), 200, 200, ""},
		{"stands by or drains", errDown, noon.Add(-time.Hour), 200, 503, errDown.Error()},
		{"hangs", nil, noon.Add(-2 * time.Minute), 503, 503, "the scheduler has not looked at the clock for 2m0s"},
		{"the clock was set back", nil, noon.Add(time.Hour), 200, 200, ""},
	} {
		p.mu.Lock()
		p.ready = c.ready
		p.mu.Unlock()
		p.tick = c.tick
		alive, ready := p.get("/healthz"), p.get("/readyz")
		if alive.Code != c.healthy || ready.Code != c.prepared {
			t.Errorf("%s: /healthz %d, /readyz %d, want %d and %d", c.name, alive.Code, ready.Code, c.healthy, c.prepared)
		}
		var h status.Health
		if err := json.Unmarshal(ready.Body.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if h.OK != (c.prepared == 200) || strings.Join(h.Reasons, "|") != c.reason {
			t.Errorf("%s: %+v, want the reason %q", c.name, h, c.reason)
		}
	}
}

// TestNotReadyWhileTheStateCannotBeWritten: somebody else holds its lock.
func TestNotReadyWhileTheStateCannotBeWritten(t *testing.T) {
	p := newPage(t, nil)
	db, err := sql.Open("sqlite", "file:"+p.state.Path()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := p.get("/readyz"); w.Code != 503 || !strings.Contains(w.Body.String(), "write to the state") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := p.get("/healthz"); w.Code != 200 {
		t.Errorf("/healthz %d: a restart would not help", w.Code)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if w := p.get("/readyz"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
