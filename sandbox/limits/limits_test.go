package limits_test

import (
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/limits"

	"github.com/google/go-cmp/cmp"
)

func TestParseWindow(t *testing.T) {
	cases := map[string]struct {
		want limits.Window
		bad  bool
	}{
		"50/10s":        {want: limits.Window{Limit: 50, Per: 10 * time.Second}},
		"500/1m fixed":  {want: limits.Window{Limit: 500, Per: time.Minute, Fixed: true}},
		"10000/1d":      {want: limits.Window{Limit: 10000, Per: 24 * time.Hour}},
		"50":            {bad: true},
		"0/1s":          {bad: true},
		"x/1s":          {bad: true},
		"1/0s":          {bad: true},
		"1/xd":          {bad: true},
		"1/1s sometime": {bad: true},
	}
	for text, c := range cases {
		got, err := limits.ParseWindow(text)
		if (err != nil) != c.bad {
			t.Errorf("ParseWindow(%q): error %v, want an error: %v", text, err, c.bad)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("ParseWindow(%q) (-want +got):\n%s", text, diff)
		}
	}
}

// step waits, enters and says whether the request passed.
type step struct {
	after time.Duration
	want  *limits.Refusal
}

func TestGate(t *testing.T) {
	sliding := limits.Window{Limit: 2, Per: 10 * time.Second}
	fixed := limits.Window{Limit: 2, Per: 10 * time.Second, Fixed: true}
	cases := map[string]struct {
		rules limits.Rules
		steps []step
	}{
		"no rules": {steps: []step{{}, {}, {}}},
		"sliding": {limits.Rules{Windows: []limits.Window{sliding}}, []step{
			{9 * time.Second, nil},
			{0, nil},
			{1 * time.Second, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 9 * time.Second}},
			{9*time.Second - 1, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 1}},
			{1, nil},
		}},
		"fixed lets a burst pass across the border": {limits.Rules{Windows: []limits.Window{fixed}}, []step{
			{9 * time.Second, nil},
			{0, nil},
			{0, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: time.Second}},
			{time.Second, nil},
			{0, nil},
			{0, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 10 * time.Second}},
		}},
		"refused calls counted": {limits.Rules{Windows: []limits.Window{sliding}, CountRefused: true}, []step{
			{0, nil},
			{0, nil},
			{5 * time.Second, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 5 * time.Second}},
			{0, &limits.Refusal{Usage: 4, Limit: 2, Per: 10 * time.Second, Wait: 5 * time.Second}},
			{6 * time.Second, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 4 * time.Second}},
		}},
		"several windows": {limits.Rules{Windows: []limits.Window{{Limit: 5, Per: time.Second}, sliding}}, []step{
			{0, nil},
			{0, nil},
			{0, &limits.Refusal{Usage: 3, Limit: 2, Per: 10 * time.Second, Wait: 10 * time.Second}},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the bubble's clock starts on a whole minute
				g := limits.NewGate(c.rules)
				for i, s := range c.steps {
					<-time.After(s.after)
					leave, got := g.Enter()
					if diff := cmp.Diff(s.want, got); diff != "" {
						t.Errorf("step %d (-want +got):\n%s", i, diff)
					}
					if leave != nil {
						leave()
					}
				}
			})
		})
	}
}

func TestConcurrent(t *testing.T) {
	g := limits.NewGate(limits.Rules{Concurrent: 1})
	leave, refused := g.Enter()
	if refused != nil {
		t.Fatalf("first request refused: %+v", refused)
	}
	_, refused = g.Enter()
	if diff := cmp.Diff(&limits.Refusal{Concurrent: true, Usage: 2, Limit: 1}, refused); diff != "" {
		t.Errorf("second request (-want +got):\n%s", diff)
	}
	leave()
	leave()
	if _, refused = g.Enter(); refused != nil {
		t.Errorf("after the first ended: refused %+v", refused)
	}
	if _, refused = g.Enter(); refused == nil {
		t.Error("leaving twice freed two places")
	}
}
