package ratelimit_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/ratelimit"
)

// Down by three tenths to what was used, up by a twentieth a window, a hold at
// the level, and on.
func TestSlowingDownAndRecovering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "40/1m", "")
		spend(t, l, 26)
		throttle(t, l, "")
		if rises := time.Until(l.Status().Windows[0].RisesAt); rises != 30*time.Minute {
			t.Errorf("more is tried in %s, want the 30 windows of the hold", rises)
		}
		var got []int
		for range 50 { // in the middle of minutes
			got = append(got, l.Status().Windows[0].Limit)
			time.Sleep(time.Minute)
		}
		want := slices.Repeat([]int{25}, 30)
		for n := 27; len(want) < 50; n = min(n+2, 40) {
			want = append(want, n)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit by the minute (-want +got):\n%s", diff)
		}
		if got := now(l); got != "40/1m" || !l.Status().Windows[0].RisesAt.IsZero() {
			t.Errorf("in the end %s, more is tried at %s", got, l.Status().Windows[0].RisesAt)
		}
		throttle(t, l, "", window(t, "10/1m"))
		if at := l.Status().Windows[0].RisesAt; !at.IsZero() {
			t.Errorf("more than the vendor named is tried at %s", at)
		}
	})
}

func TestLimitClimbsToTheLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "40/1m", "")
		spend(t, l, 40)
		throttle(t, l, "")
		want := map[int]int{0: 28, 1: 30, 5: 38, 6: 39, 35: 39, 36: 40}
		for minute := range 40 {
			if n, ok := want[minute]; ok && l.Status().Windows[0].Limit != n {
				t.Errorf("minute %d: limit %d, want %d", minute, l.Status().Windows[0].Limit, n)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A pause is no proof that more is allowed: windows count from its end.
func TestLimitWaitsForTheEndOfThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "40/1m", "")
		if err := l.Throttled(ratelimit.Throttle{Wait: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		for minute, want := range map[time.Duration]int{10: 28, 11: 30} {
			defer time.AfterFunc(minute*time.Minute+time.Second, func() {
				if got := l.Status().Windows[0].Limit; got != want {
					t.Errorf("minute %d: limit %d, want %d", minute, got, want)
				}
			}).Stop()
		}
		time.Sleep(12 * time.Minute)
	})
}

// A level that is refused again is kept for twice as long.
func TestHoldDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "4/1s", "")
		var held []time.Duration
		for range 8 {
			for l.Status().Windows[0].Limit < 4 {
				time.Sleep(time.Second)
			}
			spend(t, l, 4)
			start := time.Now()
			throttle(t, l, "")
			for l.Status().Windows[0].Limit < 4 {
				time.Sleep(time.Second)
			}
			held = append(held, time.Since(start).Round(time.Minute))
		}
		want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
		if diff := cmp.Diff(want, held); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
	})
}

func TestWhichWindowIsBlamed(t *testing.T) {
	tests := []struct {
		name           string
		general, heavy string
		common, own    int // requests made
		class          string
		want           string
	}{
		{"the fullest", "20/10s 30/1m", "", 20, 0, "", "20/10s=14, 30/1m"},
		{"the longer one", "100/10s 30/1m", "", 20, 0, "", "100/10s, 30/1m=19"},
		{"the shortest if none is at half", "1000/1h 100/1m", "", 20, 0, "", "1000/1h, 100/1m=70"},
		{"that of the class", "100/10s", "10/1m", 0, 8, "heavy", "100/10s, heavy 10/1m=7"},
		{"not that of another class", "100/10s", "10/1m", 1, 8, "", "100/10s=70, heavy 10/1m"},
		{"a general one for a class", "10/10s", "100/1m", 4, 4, "heavy", "10/10s=7, heavy 100/1m"},
		{"a long one not at once", "1000/1h 100/10s", "", 600, 0, "", "1000/1h, 100/10s=70"},
		{"one is left", "1/10s", "", 1, 0, "", "1/10s"},
		{"none is there", "", "", 1, 0, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limiterOf(t, nil, tt.general, tt.heavy)
				spend(t, l, tt.common)
				for range tt.own {
					acquire(t, l, ratelimit.Ask{Class: "heavy"}).Release()
				}
				throttle(t, l, tt.class)
				if got := now(l); got != tt.want {
					t.Errorf("after a refusal %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// A vendor that has had enough for today goes on refusing when it is asked more
// slowly. A few refusals later the long window is taken for the cause.
func TestLongWindowIsBlamedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "20/10s 1000/1d", "")
		spend(t, l, 600)
		time.Sleep(10 * time.Second)
		var got []string
		for range 5 {
			throttle(t, l, "")
			got = append(got, now(l))
		}
		want := []string{"20/10s=14, 1000/1d", "20/10s=9, 1000/1d", "20/10s=6, 1000/1d", "20/10s=4, 1000/1d", "20/10s=4, 1000/1d=599"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("limits (-want +got):\n%s", diff)
		}
		start := time.Now()
		spend(t, l, 1)
		if got := time.Since(start); got != time.Hour {
			t.Errorf("more was tried after %s, want 1h", got)
		}
	})
}

func TestRefusalsOfTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "100/1m", "")
		spend(t, l, 50)
		sent := time.Now()
		time.Sleep(time.Second)
		throttle(t, l, "")
		for range 7 {
			if err := l.Throttled(ratelimit.Throttle{Sent: sent}); err != nil {
				t.Fatal(err)
			}
		}
		if got := now(l); got != "100/1m=49" {
			t.Errorf("after eight refusals of one moment %s, want one step down", got)
		}
		throttle(t, l, "")
		if got := now(l); got != "100/1m=34" {
			t.Errorf("after one more %s, want another step", got)
		}
	})
}

// What was on its way when one window was lowered is not held against another.
func TestLateRefusalBlamesNoOtherWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "4/1s 1000/1d", "")
		spend(t, l, 600)
		time.Sleep(time.Second)
		sent := time.Now()
		time.Sleep(time.Second)
		throttle(t, l, "")
		throttle(t, l, "")
		if err := l.Throttled(ratelimit.Throttle{Sent: sent}); err != nil {
			t.Fatal(err)
		}
		if got := now(l); got != "4/1s=1, 1000/1d" {
			t.Errorf("limits %s, want the day's as it is", got)
		}
	})
}
