package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/piwikpro"
	"exporter/sinks/postgres/pgtest"
)

// killedSite is a source and a job on one of several vendors.
const killedSite = `
[sources.piwik%[1]d]
driver = "piwikpro"
base_url = "%[2]s"
client_id = "client"
client_secret = "secret"
timezone = "Europe/Berlin"
limits = ["10000/1s"]
classes = { post = [], get = [] }

[jobs.piwik%[1]d]
source = "piwik%[1]d"
stream = "%[3]s"
sinks = ["warehouse"]
schedule = "45 4 * * *"
options = { website_id = "%[4]s", columns = %[5]s, page_size = %[6]d }
`

// killedReport is what is read of a stream, and how its rows look in one line.
type killedReport struct {
	pageSize int
	columns  string // of the job
	line     string // of the table
}

var killedReports = map[string]killedReport{
	"sessions": {9, "source session_total_time session_total_events", "session_id || '|' || coalesce(source, '') || '|' || session_total_time || '|' || session_total_events"},
	"events":   {40, "event_index event_url", "session_id || '|' || event_id || '|' || event_index || '|' || coalesce(event_url, '')"},
	"query":    {9, "timestamp.to_date visitor_id source sessions events", "timestamp_to_date || '|' || visitor_id || '|' || coalesce(source, '') || '|' || sessions || '|' || events"},
}

// truth are the rows that the vendor has at this moment.
func (r killedReport) truth(t *testing.T, v *piwikpro.Server, stream string) (lines []string) {
	t.Helper()
	rows, err := v.Rows(piwikpro.Query{Report: stream, From: "2026-10-25", To: "2026-10-26", Columns: piwikpro.Columns(strings.Fields(strings.ReplaceAll(r.columns, ".", "/"))...)})
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(strings.ReplaceAll(r.columns, ".", "__"))
	switch stream {
	case "events":
		names = append([]string{"session_id", "event_id"}, names...)
	case "sessions":
		names = append([]string{"session_id"}, names...)
	}
	for row := range rows {
		var cells []string
		for _, name := range names {
			cell, _ := row.Value(name)
			cells = append(cells, cell)
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	if len(lines) < 4*r.pageSize {
		t.Fatalf("%s: the vendor has %d rows, too few for several pages", stream, len(lines))
	}
	slices.Sort(lines)
	return lines
}

// Reports and raw rows whose reading is killed between pages while what comes late changes
// them: what is loaded is the vendor's rows of one moment, whatever of them it keeps for ten
// minutes. Where it keeps pages of several moments nothing is loaded until they have expired.
func TestPiwikPROIsKilledBetweenPages(t *testing.T) {
	t.Parallel()
	k := &killer{paths: []string{"/sessions/", "/events/", "/query/"}}
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	config := "[exporter]\ntimezone = \"Europe/Berlin\"\nconcurrency = 100\n[sinks.warehouse]\ndriver = \"postgres\"\ndsn = \"" + dsn + "\"\nschema = \"marketing\"\n"
	type site struct {
		name, stream string
		vendor       *piwikpro.Server
		moments      [][]string // rows at each moment
	}
	var sites []*site
	add := func(stream string, answers piwikpro.Answers) {
		vendor, url := serveVendor(t, sandbox.Config{Seed: 7, PiwikPRO: piwikpro.Config{
			Data: piwikpro.Data{
				FirstDay: "2026-10-24", Now: today.Format(time.RFC3339), MetaSites: []piwikpro.MetaSite{},
				Sites: []piwikpro.Site{{Timezone: "Europe/Berlin", Sessions: 60, Tricky: true}},
			},
			Answers: answers,
		}}, k.serve)
		report := killedReports[stream]
		config += fmt.Sprintf(killedSite, len(sites), url, stream, piwikpro.SiteID(0), strings.ReplaceAll(fieldList(report.columns), `" "`, `", "`), report.pageSize)
		sites = append(sites, &site{name: fmt.Sprint(stream, " ", answers.Cache, " ", answers.Ties), stream: stream, vendor: vendor.PiwikPRO()})
	}
	for _, ties := range []piwikpro.Ties{piwikpro.TiesStable, piwikpro.TiesChanging} { // of which nothing is heard in sorted reports
		add("sessions", piwikpro.Answers{Ties: ties})
		add("events", piwikpro.Answers{Ties: ties})
		for _, cache := range []piwikpro.Cache{piwikpro.CacheOff, piwikpro.CacheQuery, piwikpro.CachePage} {
			add("query", piwikpro.Answers{Ties: ties, Cache: cache})
		}
	}
	config += "\n[jobs.apps]\nsource = \"piwik0\"\nstream = \"apps\"\nsinks = [\"warehouse\"]\nschedule = \"45 4 * * *\"\n"
	p := newProgram(t, config)
	command := []string{"run", "--from", "2026-10-25", "--to", "2026-10-26"}
	for i := range sites {
		command = append(command, fmt.Sprintf("piwik%d", i))
	}
	look := func() {
		for _, s := range sites {
			s.moments = append(s.moments, killedReports[s.stream].truth(t, s.vendor, s.stream))
		}
	}
	look()
	for range 3 {
		if out, killed := k.kill(t, 3*len(sites), p.command(command...)); !killed {
			t.Fatalf("the process ended before it was killed:\n%s", out)
		}
		for _, s := range sites {
			if err := s.vendor.Restate(piwikpro.Restatement{Day: "2026-10-25"}); err != nil {
				t.Fatal(err)
			}
		}
		look()
		p.run(t, "run", "apps") // whose process notices that the one before has died
		command = []string{"retry", "--all"}
	}
	compare := func(pages bool) {
		t.Helper()
		for i, s := range sites {
			if (s.vendor.Config().Answers.Cache == piwikpro.CachePage) != pages {
				continue
			}
			report := killedReports[s.stream]
			got := strings.Split(strings.TrimSpace(srv.Psql(t, dsn, "-Atc", fmt.Sprintf("SELECT %s FROM marketing.piwik%d", report.line, i))), "\n")
			slices.Sort(got)
			if !slices.ContainsFunc(s.moments, func(rows []string) bool { return slices.Equal(rows, got) }) {
				t.Errorf("%s: %d rows are those of no moment", s.name, len(got))
			}
		}
	}
	out, err := p.command(command...).CombinedOutput()
	if err == nil || strings.Count(string(out), "hint: Rows moved while they were read") == 0 {
		t.Errorf("pages of several moments: %v\n%s", err, out)
	}
	compare(false)
	if n := srv.Psql(t, dsn, "-Atc", "SELECT count(*) FROM exporter.slices WHERE job LIKE 'piwik%' AND state = 'committed'"); strings.TrimSpace(n) != "8" {
		t.Errorf("%s slices are loaded, want all but those of reports whose pages are of several moments", n)
	}
	for _, s := range sites {
		s.vendor.ForgetCache()
	}
	p.run(t, command...)
	compare(true)
}
