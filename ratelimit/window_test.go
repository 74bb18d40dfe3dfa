package ratelimit_test

import (
	"testing"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

func TestParseWindow(t *testing.T) {
	tests := []struct {
		in   string
		want ratelimit.Window
		out  string
	}{
		{"20/10s", ratelimit.Window{N: 20, Per: 10 * time.Second}, "20/10s"},
		{"500/1m fixed", ratelimit.Window{N: 500, Per: time.Minute, Fixed: true}, "500/1m fixed"},
		{"2500/60m", ratelimit.Window{N: 2500, Per: time.Hour}, "2500/1h"},
		{"10000/1d  fixed ", ratelimit.Window{N: 10000, Per: 24 * time.Hour, Fixed: true}, "10000/1d fixed"},
		{"1/90s", ratelimit.Window{N: 1, Per: 90 * time.Second}, "1/90s"},
		{"200/100ms", ratelimit.Window{N: 200, Per: 100 * time.Millisecond}, "200/100ms"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ratelimit.ParseWindow(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("ParseWindow(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
			if got.String() != tt.out {
				t.Errorf("String() = %q, want %q", got, tt.out)
			}
		})
	}
}

func TestParseWindowMistakes(t *testing.T) {
	const example = `; write it like "20/10s" or "500/1m fixed"`
	tests := []struct{ in, want string }{
		{"0/1s", `limit "0/1s": the number of requests must be at least 1` + example},
		{"-3/1s", `limit "-3/1s": the number of requests must be at least 1` + example},
		{"10/0s", `limit "10/0s": the duration "0s" must be more than 0 and at most 366d` + example},
		{"10/999999999999d", `limit "10/999999999999d": the duration "999999999999d" must be more than 0 and at most 366d` + example},
		{"abc", `limit "abc": there is no "/" between the number of requests and the duration` + example},
		{"x/1s", `limit "x/1s": "x" is not a whole number of requests` + example},
		{"10/s", `limit "10/s": "s" is not a duration, which is a whole number and s, m, h or d` + example},
		{"10/", `limit "10/": "" is not a duration, which is a whole number and s, m, h or d` + example},
		{"10/1.5s", `limit "10/1.5s": "1.5s" is not a duration, which is a whole number and s, m, h or d` + example},
		{"10/5", `limit "10/5": the duration "5" needs a unit: s, m, h or d` + example},
		{"10/5y", `limit "10/5y": the duration "5y" needs a unit: s, m, h or d` + example},
		{"10/5s sliding", `limit "10/5s sliding": "sliding" is not known after the duration, only "fixed" is` + example},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			w, err := ratelimit.ParseWindow(tt.in)
			if err == nil {
				t.Fatalf("ParseWindow(%q) = %v, want an error", tt.in, w)
			}
			if err.Error() != tt.want {
				t.Errorf("ParseWindow(%q)\n got %s\nwant %s", tt.in, err, tt.want)
			}
			if got := fault.ClassOf(err); got != fault.Config {
				t.Errorf("class = %s, want config", got)
			}
		})
	}
}

func TestLimitsMistakes(t *testing.T) {
	w := func(list ...string) (out []ratelimit.Window) {
		for _, s := range list {
			out = append(out, window(t, s))
		}
		return out
	}
	const example = `; write it like "20/10s" or "500/1m fixed"`
	for want, limits := range map[string]ratelimit.Limits{
		"": {Windows: w("20/10s", "20/10s fixed", "500/1m"), Classes: map[string][]ratelimit.Window{"heavy": w("10/1m"), "off": nil}},
		"limits: 20/10s and 30/10s are two limits of one window; keep the one that holds":         {Windows: w("20/10s", "500/1m", "30/10s")},
		"class heavy: 9/1m fixed and 10/1m are two limits of one window; keep the one that holds": {Windows: w("500/1m"), Classes: map[string][]ratelimit.Window{"heavy": w("9/60s fixed", "10/1m")}},
		"limit of 0 requests per 1s: both must be more than 0" + example:                          {Windows: []ratelimit.Window{{Per: time.Second}}},
		"limit of 10 requests per 0s: both must be more than 0" + example:                         {Classes: map[string][]ratelimit.Window{"heavy": {{N: 10}}}},
		"concurrency -1: must be at least 1, or 0 for no limit":                                   {Concurrency: -1},
		"max_wait -1s: must not be negative":                                                      {MaxWait: -time.Second},
	} {
		err := limits.Validate()
		switch {
		case want == "" && err != nil:
			t.Errorf("Validate(%+v): %v", limits, err)
		case want != "" && (err == nil || err.Error() != want || fault.ClassOf(err) != fault.Config):
			t.Errorf("Validate(%+v)\n got %v\nwant %s", limits, err, want)
		}
	}
}

func FuzzParseWindow(f *testing.F) {
	for _, s := range []string{"20/10s", "500/1m fixed", "1/366d", "0/1s", "9/", "/", "1/1ms "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ratelimit.ParseWindow(s)
		if err != nil {
			return
		}
		if w.N < 1 || w.Per <= 0 {
			t.Fatalf("ParseWindow(%q) = %+v", s, w)
		}
		if again, err := ratelimit.ParseWindow(w.String()); err != nil || again != w {
			t.Fatalf("ParseWindow(%q).String() = %q, which reads as %+v, %v", s, w, again, err)
		}
	})
}

func TestLimitsThatNothingPasses(t *testing.T) {
	ok := ratelimit.Window{N: 1, Per: time.Second}
	tests := map[string]ratelimit.Limits{
		"no requests":          {Windows: []ratelimit.Window{ok, {Per: time.Second}}},
		"no duration":          {Classes: map[string][]ratelimit.Window{"heavy": {{N: 1}}}},
		"negative concurrency": {Concurrency: -1},
		"negative wait":        {MaxWait: -time.Second},
	}
	for name, limits := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ratelimit.New(t.Context(), "acme", limits, ratelimit.Options{})
			if fault.ClassOf(err) != fault.Config {
				t.Errorf("New(%+v) = %v, want a config error", limits, err)
			}
		})
	}
}
