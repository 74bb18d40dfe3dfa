package status

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed style.css
var styleSheet string

//go:embed page.html
var pageText string

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":   func() template.CSS { return template.CSS(styleSheet) },
	"marks":   func() any { return marks },
	"at":      at,
	"ago":     ago,
	"seconds": func(s float64) string { return span(time.Duration(s * float64(time.Second))) },
}).Parse(pageText))

// refresh is how often a browser asks again, in seconds.
const refresh = 30

// view is what a page shows.
type view struct {
	Title    string
	Now      time.Time
	Refresh  int
	Health   string // "" = jobs are run
	Worst    string // condition of the first job
	Troubled int
	Jobs     []row
	Job      *row
	Calendar *calendar
	Slices   []Slice
	Runs     []Run
	Error    string
}

// row is a job with the zones that its times are shown in.
type row struct {
	Job
	Zone, DataZone *time.Location
}

// Trouble reports whether somebody has to look.
func (r row) Trouble() bool {
	return r.Condition == JobLate || r.Condition == JobFailing || r.Condition == JobFailed
}

// Through is the last moment of the newest complete interval, as a day where it is one.
func (r row) Through() string {
	if r.CompleteEnd.IsZero() {
		return ""
	}
	end := r.CompleteEnd.In(r.DataZone)
	if end.Equal(midnight(end)) {
		return end.AddDate(0, 0, -1).Format("Mon 2 Jan 2006")
	}
	return at(end, r.DataZone)
}

func (s *Server) jobsPage(w http.ResponseWriter, r *http.Request) {
	v := s.view("Jobs")
	all, err := s.jobs(r.Context())
	if err != nil {
		v.Error = sentence(err)
	}
	for _, j := range all {
		row := s.row(j)
		if v.Jobs = append(v.Jobs, row); row.Trouble() {
			v.Troubled++
		}
	}
	s.show(w, http.StatusOK, v)
}

func (s *Server) jobPage(w http.ResponseWriter, r *http.Request) {
	d, known := s.definition(r.PathValue("job"))
	if !known {
		v := s.view("No such job")
		v.Error, v.Refresh = "There is no such job.", 0
		s.show(w, http.StatusNotFound, v)
		return
	}
	v := s.view(d.Name)
	if err := s.fill(r, &v, d); err != nil {
		v.Error = sentence(err)
	}
	s.show(w, http.StatusOK, v)
}

// fill reads what the page of a job shows.
func (s *Server) fill(r *http.Request, v *view, d Definition) error {
	ctx := r.Context()
	all, err := s.jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range all {
		if j.Name == d.Name {
			row := s.row(j)
			v.Job = &row
		}
	}
	if v.Runs, err = s.o.Runs(ctx, d.Name, 20); err != nil {
		return err
	}
	var before, from, to time.Time
	if text := r.URL.Query().Get("before"); text != "" {
		if before, err = time.ParseInLocation(time.DateOnly, text, d.DataZone); err != nil {
			before = time.Time{}
		}
		v.Refresh = 0 // the past stays as it is
	}
	if !d.Interval.IsZero() {
		var c calendar
		if c, from, to, err = s.calendar(ctx, d, before); err != nil {
			return err
		}
		v.Calendar = &c
	}
	v.Slices, err = s.o.Troubled(ctx, d.Name, from, to)
	return err
}

func (s *Server) view(title string) view {
	v := view{Title: title, Now: s.o.Now().UTC(), Refresh: refresh}
	if err := s.o.Ready(); err != nil {
		v.Health = sentence(err)
	}
	return v
}

func (s *Server) row(j Job) row {
	d, _ := s.definition(j.Name)
	return row{j, d.Zone, d.DataZone}
}

func (s *Server) show(w http.ResponseWriter, code int, v view) {
	var page bytes.Buffer
	if err := pages.Execute(&page, v); err != nil {
		s.o.Log.Error("page could not be drawn", "err", err)
		http.Error(w, "the page could not be drawn, see the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = page.WriteTo(w) // a reader who left does not care
}

// at is an instant on the wall of a zone.
func at(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2 Jan 15:04 MST")
}

// ago is how far an instant is from now.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if d := now.Sub(t); d >= 0 {
		return span(d.Truncate(time.Second)) + " ago"
	}
	return "in " + span(t.Sub(now).Truncate(time.Second))
}

// span is a length of time in its two largest units.
func span(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
	default:
		return plural(int(d/(24*time.Hour)), "day")
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
