package status_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"exporter/state"
	"exporter/status"
)

// rows are the names of the jobs on a page in their order.
var rowNames = regexp.MustCompile(`<th scope="row"><a href="/jobs/([a-z-]+)">`)

func TestWhatNeedsALookComesFirst(t *testing.T) {
	in := func(name, condition string, next time.Duration) status.Job {
		return status.Job{Name: name, Condition: condition, Next: []time.Time{noon.Add(next)}}
	}
	p := newPage(t, nil,
		in("ok-later", status.JobOK, time.Hour), in("paused", status.JobPaused, 0), in("ok-soon", status.JobOK, time.Minute), in("waiting", status.JobWaiting, 0),
		in("failed", status.JobFailed, 0), in("running", status.JobRunning, 0), in("failing", status.JobFailing, 0), in("late", status.JobLate, 0), in("new", status.JobNew, 0))
	text := p.get("/").Body.String()
	var got []string
	for _, m := range rowNames.FindAllStringSubmatch(text, -1) {
		got = append(got, m[1])
	}
	if want := "late failing failed waiting running new ok-soon ok-later paused"; strings.Join(got, " ") != want {
		t.Errorf("the page shows %v, want %s", got, want)
	}
	if !strings.Contains(text, "3 of 9 need a look") || !strings.Contains(text, "<title>(3) Jobs") {
		t.Errorf("the page does not count them:\n%s", text)
	}
	var list []status.Job
	if err := json.Unmarshal(p.get("/api/jobs").Body.Bytes(), &list); err != nil || len(list) != 9 || list[0].Name != "late" {
		t.Errorf("/api/jobs: %v %v", list, err)
	}
}

func TestPageSaysWhyAndWhatToPress(t *testing.T) {
	p := newPage(t, nil, status.Job{
		Name: "a", Condition: status.JobLate, Why: "<b>refused</b>", Hint: "Log in & go on.", Command: "exporter --config /x auth login s",
		Next: []time.Time{noon}, Deadline: noon.Add(time.Hour), LastSuccess: noon.Add(-26 * time.Hour), CompleteEnd: noon.Truncate(24 * time.Hour), Interval: "1d",
		Slices: map[string]int64{"committed": 3},
	})
	p.ready = errDown
	for _, path := range []string{"/", "/jobs/a"} {
		text := p.get(path).Body.String()
		for _, part := range []string{
			"&lt;b&gt;refused&lt;/b&gt;", "Log in &amp; go on.", "<code>exporter --config /x auth login s</code>", "Sun 22 Nov 13:00 UTC",
			"26h0m", "Sat 21 Nov 2026", "<strong>Not ready.</strong> " + errDown.Error(), `<meta http-equiv="refresh" content="30">`,
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", path, part, text)
			}
		}
	}
	if text := p.get("/jobs/a").Body.String(); strings.Contains(text, "<script>") || !strings.Contains(text, "&lt;script&gt;") {
		t.Errorf("the error of a run is not text:\n%s", text)
	}
}

// TestPagesAreForEverybody: what a screen reader, a keyboard and a phone need, and
// nothing that would be fetched or run.
func TestPagesAreForEverybody(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a", Condition: status.JobFailing, Why: "x", Interval: "1d"})
	for _, path := range []string{"/", "/jobs/a", "/jobs/none"} {
		w := p.get(path)
		doc, err := html.Parse(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		ids := map[string]bool{}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			for _, a := range n.Attr {
				switch a.Key {
				case "id":
					ids[a.Val] = true
				case "src", "style", "onclick":
					t.Errorf("%s: <%s %s>", path, n.Data, a.Key)
				case "href":
					if !strings.HasPrefix(a.Val, "/") {
						t.Errorf("%s leads to %s", path, a.Val)
					}
				case "lang", "scope":
					count[n.Data+" "+a.Key]++
				}
			}
		}
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				if a.Key == "aria-labelledby" && !ids[a.Val] {
					t.Errorf("%s: nothing has the id %s", path, a.Val)
				}
			}
		}
		for _, one := range []string{"main", "header", "footer", "h1", "title", "html lang"} {
			if count[one] != 1 {
				t.Errorf("%s has %d %s", path, count[one], one)
			}
		}
		if count["th"] != count["th scope"] || count["script"]+count["img"]+count["link"]+count["iframe"] > 0 {
			t.Errorf("%s: %v", path, count)
		}
	}
	if w := p.get("/jobs/none"); w.Code != 404 {
		t.Errorf("a job that is not there: %d", w.Code)
	}
}

// TestCalendar: a symbol for each interval, the worst of its parts.
func TestCalendar(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a", Interval: "1d"})
	day := func(d int) time.Time { return time.Date(2026, time.November, d, 0, 0, 0, 0, time.UTC) }
	slice := func(d int, part, is string, provisional bool, definition string) {
		t.Helper()
		err := p.state.PutSlice(context.Background(), state.Slice{
			Job: "a", Part: part, Start: day(d), End: day(d + 1), State: is, Provisional: provisional, Definition: definition,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slice(10, "x", state.SliceCommitted, false, "now")
	slice(11, "x", state.SliceUnchanged, false, "now")
	slice(12, "x", state.SliceCommitted, false, "before")
	slice(13, "x", state.SliceCommitted, true, "now")
	slice(14, "x", state.SliceFailed, false, "now")
	slice(14, "y", state.SliceCommitted, false, "now")
	slice(15, "x", state.SliceCheckFailed, false, "now")
	slice(17, "x", state.SliceWaiting, false, "now")
	text := p.get("/jobs/a").Body.String()
	cells := regexp.MustCompile(`<td(?: class="([a-z_]+)" title="([^"]*)")?>`).FindAllStringSubmatch(between(text, `<th scope="row">2026-11</th>`, "</tr>"), -1)
	var got []string
	for d, c := range cells {
		if c[1] != "" {
			got = append(got, fmt.Sprintf("%d %s", d+1, c[2]))
		}
	}
	want := []string{
		"10 complete", "11 complete", "12 outdated", "13 provisional", "14 failed: 1 of 2", "15 check failed", "16 missing", "17 waiting",
		"18 missing", "19 missing", "20 missing", "21 missing", "22 missing",
	}
	if strings.Join(got, "|") != strings.Join(want, "|") || len(cells) != 31 {
		t.Errorf("the calendar of %d days shows\n%v\nwant\n%v", len(cells), got, want)
	}
	if old := p.get("/jobs/a?before=2026-11-12").Body.String(); strings.Contains(old, `title="waiting"`) || !strings.Contains(old, `title="complete"`) || strings.Contains(old, "http-equiv") {
		t.Errorf("the calendar before the 12th:\n%s", old)
	}
}

func TestAPI(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a"})
	for path, want := range map[string]struct {
		code int
		text string
	}{
		"/api/jobs/a/slices?from=2026-01-01&to=2026-02-01": {200, `"state":"2026-01-012026-02-01"`},
		"/api/jobs/b/slices":     {404, "there is no such job"},
		"/api/runs?job=a":        {200, `"slices":20`},
		"/api/runs?limit=7":      {200, `"slices":7`},
		"/api/runs?limit=0":      {400, "from 1 to 1000"},
		"/api/runs?limit=100000": {400, "from 1 to 1000"},
		"/api/runs?job=b":        {404, "there is no such job"},
	} {
		w := p.get(path)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.text) || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %s %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}
