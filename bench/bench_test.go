package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(vendorVariable); task != "" {
		if err := serveVendor(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// TestSuite measures a few thousand rows. That tables and files hold as many rows as
// the vendor has, that changes are written and what is unchanged is not, and that the
// spool is loaded without the vendor, the suite checks itself: it fails otherwise.
func TestSuite(t *testing.T) {
	const rows = 2500
	want := strings.Fields(`first/postgres/owapro/days first/files/owapro/days spool/postgres/owapro/days changed/postgres/owapro/days
		unchanged/postgres/owapro/days changed-spool/postgres/owapro/days unchanged-spool/postgres/owapro/days
		merge-spool/postgres/hasoffers/one`)
	p := plan{rows: []int{rows}, repeat: 1, temp: t.TempDir(), spares: true, flags: buildFlags, only: regexp.MustCompile(`owapro/days|^merge-spool`)}
	if testing.Short() {
		p.only, want = regexp.MustCompile(`^first/.*/owapro/days`), want[:2]
	}
	rep, err := p.run(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Results) != len(want) {
		t.Errorf("%d results, want %d", len(rep.Results), len(want))
	}
	var table bytes.Buffer
	if err := rep.print(&table); err != nil {
		t.Fatal(err)
	}
	for i, r := range rep.Results {
		if r.Case != want[i]+"/2500" || !strings.Contains(table.String(), r.Case) {
			t.Errorf("result %d is of %s, want %s, and it in the table:\n%s", i, r.Case, want[i], &table)
		}
		if r.Table != rows || r.Rows != rows && r.Rows != rows/days {
			t.Errorf("%s: %d rows of %d, want %d or %d of %[4]d", r.Case, r.Rows, r.Table, rows/days, rows)
		}
		figures := map[string]figures{"exporter": r.Exporter, "reference": r.Reference}
		if r.Second != nil {
			figures["second reference"] = *r.Second
		}
		for side, f := range figures {
			if f.Seconds <= 0 || f.RowsPerSecond <= 0 || f.CPU <= 0 || f.ServerCPU < 0 || f.VendorCPU < 0 || len(f.Each) != p.repeat {
				t.Errorf("%s: a figure of %s is missing: %+v", r.Case, side, f)
			}
		}
		if r.Exporter.Peak < 10*mib || r.Ratio <= 0 || r.Verdict != r.Target.verdict(r.Ratio) {
			t.Errorf("%s: peak %d, ratio %v, verdict %q", r.Case, r.Exporter.Peak, r.Ratio, r.Verdict)
		}
		if (r.Operation == "spool") != (r.SpoolBytes > 0 && r.CSVBytes > 0) || strings.HasPrefix(r.Operation, "merge") != (r.Changed == rows/100) {
			t.Errorf("%s: %d bytes of spool, %d of CSV, %d rows changed", r.Case, r.SpoolBytes, r.CSVBytes, r.Changed)
		}
		if (r.Operation == "spool" || r.Case == want[0]+"/2500") && r.SecondRatio <= 0 {
			t.Errorf("%s: nothing beside a table with lineage", r.Case)
		}
	}
	if first := rep.Results[0]; first.Exporter.ServerCPU <= 0 {
		t.Errorf("the server took no time for %s", first.Case)
	}
	if !testing.Short() && (len(rep.Limits) != 2 || rep.Limits[0].Value <= 0 || rep.Limits[1].Value <= 10) {
		t.Errorf("limits: %+v, want a spool and a peak", rep.Limits)
	}
	for _, m := range []moment{rep.Begin, rep.End} {
		if m.Cores < 1 || m.Memory <= m.Free || m.Free <= 0 || len(strings.Fields(m.Load)) != 3 {
			t.Errorf("machine: %+v", m)
		}
	}
	if v := rep.Versions; v.Exporter == "" || v.Go == "" || v.PostgreSQL == "" || !strings.HasPrefix(v.Psql, "psql") {
		t.Errorf("versions: %+v", v)
	}
	left, err := os.ReadDir(p.temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	data, err := json.Marshal(rep)
	if err != nil || !bytes.Contains(data, []byte(`"cpu_seconds_per_million"`)) {
		t.Errorf("as JSON: %v\n%s", err, data)
	}
}

// TestInterruptedSuite stops a suite at its first result, which it then still tells of.
func TestInterruptedSuite(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := plan{rows: []int{2500}, repeat: 1, temp: t.TempDir(), spares: true, flags: buildFlags, only: regexp.MustCompile("^first/.*/owapro/one")}
	rep, err := p.run(ctx, writerFunc(func(line []byte) {
		if bytes.Contains(line, []byte(" rows/s, ")) {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || rep == nil || len(rep.Results) != 1 || rep.End.At.IsZero() {
		t.Errorf("%v, report %+v, want one result", err, rep)
	}
	left, err := os.ReadDir(p.temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type writerFunc func([]byte)

func (w writerFunc) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestPeaksOfTwoSizesAreCompared(t *testing.T) {
	rep := report{Results: []*result{
		{Case: "first/postgres/owapro/one/1M", Table: 1_000_000, Exporter: figures{Peak: 100 * mib}},
		{Case: "first/postgres/owapro/one/10M", Table: 10_000_000, Exporter: figures{Peak: 130 * mib}},
	}}
	rep.conclude()
	if len(rep.Limits) != 2 || rep.Limits[0].Value != 130 || rep.Limits[1].Value != 1.3 || rep.Limits[0].Verdict != "missed" || rep.Limits[1].Verdict != "missed" {
		t.Errorf("limits: %+v", rep.Limits)
	}
}

func TestPairsTakeTurns(t *testing.T) {
	st := &stage{world: &world{suite: &suite{plan: plan{repeat: 3}, log: t.Output()}}}
	var order string
	side := func(name string, seconds time.Duration) func() (sample, error) {
		return func() (sample, error) {
			order += name
			return sample{client: client{wall: seconds * time.Second}}, nil
		}
	}
	r := &result{Target: atLeast(0.6), Second: &figures{}}
	if err := st.pair(t.Context(), r, side("e", 4), reference{&r.reference, side("c", 2)}, reference{&r.second, side("l", 3)}); err != nil {
		t.Fatal(err)
	}
	if order != "ecllceecl" || r.Ratio != 0.5 || r.SecondRatio != 0.75 || r.Verdict != "missed" {
		t.Errorf("in the order %s: ratios %v and %v, %s", order, r.Ratio, r.SecondRatio, r.Verdict)
	}
}

func TestMedianAndVerdict(t *testing.T) {
	var s samples
	for _, n := range []int{9, 1, 3, 2} {
		s = append(s, sample{client: client{wall: time.Duration(n) * time.Second, peak: int64(n)}})
	}
	if s.seconds() != 2.5 || s.peak() != 9 {
		t.Errorf("median %v, peak %d, want 2.5 and 9", s.seconds(), s.peak())
	}
	for _, c := range []struct {
		target *target
		value  float64
		want   string
	}{{atLeast(0.6), 0.6, "met"}, {atLeast(0.6), 0.59, "missed"}, {atMost(128), 128, "met"}, {atMost(128), 129, "missed"}} {
		if got := c.target.verdict(c.value); got != c.want {
			t.Errorf("%v of %s is %s, want %s", c.value, c.target.text(), got, c.want)
		}
	}
}

// TestTape plays what was recorded, from a set and from the one below it, also to a
// source that looks at yesterday's columns a day later.
func TestTape(t *testing.T) {
	dir := t.TempDir()
	ask := func(h http.HandlerFunc, body string) string {
		w := httptest.NewRecorder()
		h(w, httptest.NewRequest(http.MethodPost, "/report?x=1", strings.NewReader(body)))
		return fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type"), " ", w.Body)
	}
	recorder, err := openTape(dir)
	if err != nil {
		t.Fatal(err)
	}
	record := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			recorder.record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				w.Header().Set("Content-Type", "text/x")
				w.WriteHeader(http.StatusAccepted)
				_, _ = fmt.Fprint(w, answer, " to ", string(body))
			}), w, r)
		}
	}
	const probe = `{"from":"2026-01-0%d","page_limit":1,"page_number":1}`
	ask(record("old"), "a")
	ask(record("old"), "b")
	ask(record("old"), fmt.Sprintf(probe, 1))
	recorder.use("again")
	ask(record("new"), "a")
	player, err := openTape(dir)
	if err != nil {
		t.Fatal(err)
	}
	play := func(w http.ResponseWriter, r *http.Request) { player.play(w, r) }
	for _, c := range []struct{ set, body, want string }{
		{base, "a", "202 text/x old to a"},
		{"again", "a", "202 text/x new to a"},
		{"again", "b", "202 text/x old to b"},
		{base, fmt.Sprintf(probe, 2), "202 text/x old to " + fmt.Sprintf(probe, 1)},
		{base, "c", "501 text/plain; charset=utf-8 not on the tape: POST /report?x=1 c\n"},
	} {
		player.use(c.set)
		if got := ask(play, c.body); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.body, c.set, got, c.want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"--help":               "go run ./bench --rows 1M,10M",
		"--rows 1000":          `--rows "1000": want multiples of 2500`,
		"--rows 1M,x":          `--rows "x"`,
		"--repeat 0":           "--repeat 0: want at least 1",
		"--only (":             "--only: ",
		"--only nothing":       "merge-spool/postgres/hasoffers/one/1M",
		"first":                `unknown argument "first"`,
		"--rows 1000000000000": "are free: name another folder in TMPDIR, or fewer --rows",
	} {
		var log bytes.Buffer
		err := command(t.Context(), strings.Fields(line), io.Discard, &log)
		if err == nil || !strings.Contains(log.String()+err.Error(), want) {
			t.Errorf("bench %s: %v, want %q in it:\n%s", line, err, want, &log)
		}
	}
}
