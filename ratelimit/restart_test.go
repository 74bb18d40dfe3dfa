package ratelimit_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

// memory is a store that survives limiters, as JSON like the real one.
type memory struct {
	mu    sync.Mutex
	rows  map[string][]byte
	saves int
	fail  error
}

func (m *memory) Load(_ context.Context, credential string) (u ratelimit.Usage, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if row, ok := m.rows[credential]; ok {
		err = json.Unmarshal(row, &u)
	}
	return u, err
}

// count returns how often the usage was saved.
func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saves
}

func (m *memory) Save(ctx context.Context, credential string, u ratelimit.Usage) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	row, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if m.rows == nil {
		m.rows = make(map[string][]byte)
	}
	m.rows[credential] = row
	m.saves++
	return nil
}

func TestCleanCloseKeepsTheRingExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "3/1h"), window(t, "2/1m")}, MaxWait: 2 * time.Hour}
		start := time.Now()
		l := newLimiter(t, limits, ratelimit.Options{Store: store})
		spend(t, l, 1)
		time.Sleep(10 * time.Minute)
		spend(t, l, 1)
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)

		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		spend(t, l, 1)
		if got := time.Since(start); got != 15*time.Minute {
			t.Errorf("third permit after %s, want 15m: one slot was left", got)
		}
		spend(t, l, 1)
		if got := time.Since(start); got != time.Hour {
			t.Errorf("fourth permit after %s, want 1h: one hour after the first", got)
		}
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCrashCostsATenth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "500/1m"), window(t, "10000/1d")}}
		l := newLimiter(t, limits, ratelimit.Options{Store: store})
		spend(t, l, 120) // and then the process dies
		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		for _, w := range l.Status().Windows {
			if w.Used < 120 || w.Used > 170 {
				t.Errorf("limit %s: %d used after a crash, want 120 to 170", w.Window, w.Used)
			}
		}
		if store.saves > 4 {
			t.Errorf("%d writes for 120 requests at once, want at most 4", store.saves)
		}
	})
}

func TestNothingIsSentUnrecorded(t *testing.T) {
	broken := errors.New("disk full")
	store := &memory{fail: broken}
	l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1h")}, Concurrency: 1}, ratelimit.Options{Store: store})
	_, err := l.Acquire(t.Context(), ratelimit.Ask{})
	if !errors.Is(err, broken) || fault.ClassOf(err) != fault.Transient || fault.HintOf(err) == "" {
		t.Fatalf("Acquire = %v, want a transient error with a hint around %v", err, broken)
	}
	store.fail = nil
	spend(t, l, 1) // the failed one has taken neither slot nor place
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1m")}, MaxWait: 24 * time.Hour}
		future := time.Now().Add(24 * time.Hour)
		rows := map[string]ratelimit.Usage{
			"permits": {SavedAt: future, Windows: []ratelimit.WindowUsage{{Per: time.Minute, Spent: []ratelimit.Spent{{At: future.UnixMicro(), N: 1}}}}},
			"mark":    {SavedAt: future, ActiveUntil: future, Ahead: 1},
			"pause":   {SavedAt: future, PausedUntil: future.Add(time.Minute)},
		}
		for name, row := range rows {
			if err := store.Save(t.Context(), "acme", row); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			l := newLimiter(t, limits, ratelimit.Options{Store: store})
			spend(t, l, 1)
			if got := time.Since(start); got != time.Minute {
				t.Errorf("%s: waited %s, want one window", name, got)
			}
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A clock set forward between two runs cannot be noticed: what lies a day back counts no more.
func TestClockSetForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		past := time.Now().Add(-24 * time.Hour)
		err := store.Save(t.Context(), "acme", ratelimit.Usage{
			SavedAt: past, ActiveUntil: past, Ahead: 1, PausedUntil: past.Add(time.Hour),
			Windows: []ratelimit.WindowUsage{
				{Per: 23 * time.Hour, Spent: []ratelimit.Spent{{At: past.UnixMicro(), N: 1}}},
				{Per: 25 * time.Hour, Spent: []ratelimit.Spent{{At: past.UnixMicro(), N: 1}}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		l := limiterOf(t, store, "2/23h 3/25h", "")
		if day, longer := l.Status().Windows[0].Used, l.Status().Windows[1].Used; day != 0 || longer != 2 {
			t.Errorf("used %d of 23 hours and %d of 25, want 0 and 2", day, longer)
		}
		start := time.Now()
		spend(t, l, 1)
		if got := time.Since(start); got != 0 {
			t.Errorf("waited %s, want no wait", got)
		}
	})
}

// The wall clock jumps while the limiter is there: it was set, or the machine slept.
// What is stored then is by the clock that the next start reads.
func TestClockJumpsWhileRunning(t *testing.T) {
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &memory{}
				limits := limitsOf(t, "2/1h", "", 0)
				set := time.Duration(0)
				wall := func() time.Time { return time.Now().Add(set) }
				l := newLimiter(t, limits, ratelimit.Options{Store: store, Now: wall})
				set = jump
				spend(t, l, 2)
				if err := l.PauseFor(30*time.Minute, "busy"); err != nil {
					t.Fatal(err)
				}
				if err := l.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Minute)
				s := newLimiter(t, limits, ratelimit.Options{Store: store, Now: wall}).Status()
				if got := s.PausedUntil.Sub(wall()); got != 20*time.Minute {
					t.Errorf("paused for %s, want 20m", got)
				}
				if got := s.Windows[0].ResetsAt.Sub(wall()); s.Windows[0].Used != 2 || got != 50*time.Minute {
					t.Errorf("%d used for %s, want 2 for 50m", s.Windows[0].Used, got)
				}
			})
		})
	}
}

func TestAbsurdPauseIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		at := time.Now()
		if err := store.Save(t.Context(), "acme", ratelimit.Usage{SavedAt: at, PausedUntil: at.AddDate(100, 0, 0), PauseReason: "busy"}); err != nil {
			t.Fatal(err)
		}
		if got := time.Until(limiterOf(t, store, "2/1h", "").Status().PausedUntil); got != 24*time.Hour {
			t.Errorf("paused for %s, want a day at most", got)
		}
	})
}

func TestPauseSurvivesACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		l := newLimiter(t, ratelimit.Limits{}, ratelimit.Options{Store: store})
		if err := l.PauseFor(time.Minute, "429"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		start := time.Now()
		l = newLimiter(t, ratelimit.Limits{}, ratelimit.Options{Store: store})
		if got := l.Status().PauseReason; got != "429" {
			t.Errorf("reason after restart = %q, want 429", got)
		}
		spend(t, l, 1)
		if got := time.Since(start); got != 40*time.Second {
			t.Errorf("waited %s after the restart, want the 40s left", got)
		}
	})
}

func TestLimitsChangedBetweenRuns(t *testing.T) {
	tests := []struct {
		name, before, after string
		used                int
	}{
		{"lower number", "10/1m", "4/1m", 4},
		{"higher number", "10/1m", "20/1m", 10},
		{"longer window", "10/1m", "20/1h", 10},
		{"shorter window", "10/1h", "20/1m", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &memory{}
				l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, tt.before)}}, ratelimit.Options{Store: store})
				spend(t, l, 10)
				time.Sleep(59 * time.Second)
				if tt.used == 0 {
					time.Sleep(time.Second)
				}
				if err := l.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				l = newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, tt.after)}}, ratelimit.Options{Store: store})
				if got := l.Status().Windows[0].Used; got != tt.used {
					t.Errorf("used = %d, want %d", got, tt.used)
				}
			})
		})
	}
}

func TestMarkIsRenewedAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "100/1h")}}
		l := newLimiter(t, limits, ratelimit.Options{Store: store})
		spend(t, l, 1)
		time.Sleep(3 * time.Hour)
		spend(t, l, 2) // fewer than the first mark allowed, but long after it
		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		if got := l.Status().Windows[0].Used; got < 2 {
			t.Errorf("used after the crash = %d, want at least the 2 of the last second", got)
		}
	})
}

// slow is a store whose Save takes its time.
type slow struct{ memory }

func (s *slow) Save(ctx context.Context, credential string, u ratelimit.Usage) error {
	time.Sleep(300 * time.Millisecond)
	return s.memory.Save(ctx, credential, u)
}

// A permit given while a mark is written is in neither the old mark nor the new
// one, unless it waits for a mark of its own.
func TestPermitsGivenWhileTheMarkIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "30/1h")}} // a mark covers 3
		l := newLimiter(t, limits, ratelimit.Options{Store: store})
		var given atomic.Int64
		take := func(weight int) {
			acquire(t, l, ratelimit.Ask{Weight: weight}).FirstByte()
			given.Add(int64(weight))
		}
		take(1) // writes the first mark
		take(1) // leaves 2 of it
		var wg sync.WaitGroup
		wg.Go(func() { take(3) }) // too many for it: writes the second
		time.Sleep(100 * time.Millisecond)
		wg.Go(func() { take(1) }) // meanwhile
		wg.Wait()
		for range 3 {
			if store.count() < 3 {
				take(1) // all that the second mark covers
			}
		}
		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		if got := l.Status().Windows[0].Used; got < int(given.Load()) {
			t.Errorf("used after the crash = %d, want at least the %d given", got, given.Load())
		}
	})
}
