package postgres_test

import (
	"cmp"
	"fmt"
	"math"
	random "math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sinktest"
)

// lookback is how many days a night reads again, and how many nights there are.
const lookback = 30

// nights is a job in its steady state: every night brings a day of each part and reads
// the days of the lookback again, of which one slice in a hundred was restated.
type nights struct {
	testing.TB
	sink        sinks.Sink
	db          *pgx.Conn
	parts, rows int
	random      *random.Rand
	edition     map[sinks.Slice]int // of the vendor's rows
	was         map[sinks.Slice]int // when they were read last
	restated    []string            // the truth
	loaded      int                 // slices of the last night
	tallies     map[sinks.Slice]*record.Tally
	there       map[sinks.Slice]sinks.Committed // as the night finds it
}

func newNights(t testing.TB, dsn string, parts, rows int) *nights {
	return &nights{
		TB: t, sink: open(t, config(dsn)), db: connect(t, dsn), parts: parts, rows: rows,
		random: random.New(random.NewPCG(1, 2)), edition: map[sinks.Slice]int{}, was: map[sinks.Slice]int{}, tallies: map[sinks.Slice]*record.Tally{},
	}
}

func (n *nights) slice(day0, part int) sinks.Slice {
	at := day.AddDate(0, 0, day0)
	return sinks.Slice{Job: "facts", Part: "part " + strconv.Itoa(part), Start: at, End: at.AddDate(0, 0, 1)}
}

// restate changes every hundredth slice of the lookback at the vendor: all their rows.
func (n *nights) restate(night int) {
	for range max(1, n.parts*lookback/100) {
		s := n.slice(night-1-n.random.IntN(lookback-1), n.random.IntN(n.parts))
		n.edition[s]++
		delete(n.tallies, s)
	}
}

// night reads the lookback as a run does: what has not changed is only checked.
func (n *nights) night(night int) {
	n.Helper()
	n.loaded, n.there = 0, map[sinks.Slice]sinks.Committed{}
	found, err := n.sink.Committed(n.Context(), "facts", time.Time{}, time.Time{})
	if err != nil {
		n.Fatal(err)
	}
	for _, c := range found {
		n.there[c.Slice] = c
	}
	for d := night; d > night-lookback && d >= 0; d-- {
		for p := range n.parts {
			n.read(n.slice(d, p), "run-"+strconv.Itoa(night))
		}
	}
}

func (n *nights) read(s sinks.Slice, run string) {
	n.Helper()
	edition := n.edition[s]
	var rows *record.Batch
	l := loadOf(sinktest.Wide12)
	if n.tallies[s] == nil {
		rows, n.tallies[s] = n.content(s, edition), record.NewTally(sinktest.Wide12)
		n.tallies[s].Add(rows)
	}
	l.Slice, l.Run, l.Tables[0].Tally, l.Announced, l.Read = s, run, n.tallies[s], n.tallies[s].Rows, n.tallies[s].Rows
	before, there := n.there[s]
	if there && before.Same(l) {
		if err := n.sink.Checked(n.Context(), s, time.Now(), false); err != nil {
			n.Fatal(err)
		}
		return
	}
	n.loaded++
	if there {
		was := loadOf(sinktest.Wide12, n.content(s, n.was[s])).Tables[0].Tally.Sums()["clicks"]
		n.restated = append(n.restated, fmt.Sprintf("%s %s %s %s %s", run, s.Part, s.Start.Format(time.DateOnly), was, l.Tables[0].Tally.Sums()["clicks"]))
	}
	n.was[s] = edition
	w := begin(n, n.sink, l)
	if err := w.Write(n.Context(), rows); err != nil {
		n.Fatal(err)
	}
	if _, err := w.Commit(n.Context()); err != nil {
		n.Fatal(err)
	}
}

// content are the rows of an edition of a slice.
func (n *nights) content(s sinks.Slice, edition int) *record.Batch {
	b := record.NewBuilder(0, sinktest.Wide12, nil)
	for i := range n.rows {
		b.Integer(4_000_000_000 + int64(i))
		b.Timestamp(s.Start.Add(time.Duration(i) * time.Second))
		b.Raw(s.Start.AppendFormat(nil, time.DateOnly))
		b.Integer(int64(i%97 + edition))
		b.Integer(int64(i % 10_007))
		b.Integer(int64(i % 3))
		b.Text(fmt.Appendf(nil, "campaign %d", i%400))
		b.Text(fmt.Appendf(nil, "some keyword %d", i%30_000))
		b.Text(fmt.Appendf(nil, "https://www.example.com/path/%d", i%5000))
		b.Raw(fmt.Appendf(nil, "%d.%04d", i%900, i%10_000))
		b.Raw(fmt.Appendf(nil, "%d.%04d", i%90_000, i*7%10_000))
		b.Boolean(i%2 == 0)
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}

func (n *nights) number(question string) float64 {
	n.Helper()
	v, err := strconv.ParseFloat(ask(n, n.db, question), 64)
	if err != nil {
		n.Fatalf("%s: %v", question, err)
	}
	return v
}

// run goes through all nights; vacuum is what the server does during the day. It
// returns WAL and changed bytes of all nights and how long each took.
func (n *nights) run(vacuum func()) (wal, changed float64, took []time.Duration) {
	n.Helper()
	for d := range lookback {
		for p := range n.parts {
			n.read(n.slice(d, p), "run-first")
		}
	}
	execute(n, n.db, "VACUUM ANALYZE")
	rowBytes := n.number("SELECT avg(pg_column_size(f.*)) FROM marketing.facts f")
	n.restated = nil
	for i := range lookback {
		night := lookback + i
		n.restate(night)
		execute(n, n.db, "CHECKPOINT") // there was one since the last night, and pages are logged whole after it
		from := ask(n, n.db, "SELECT pg_current_wal_insert_lsn()")
		began := time.Now()
		n.night(night)
		took = append(took, time.Since(began))
		vacuum()
		wal += n.number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '" + from + "')")
		changed += rowBytes * float64(n.rows*n.loaded)
	}
	return wal, changed, took
}

// dead asks which tables autovacuum would take in hand.
const dead = `SELECT coalesce(string_agg(format('%I.%I', s.schemaname, s.relname), ', '), '') FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
	WHERE n_dead_tup > 50 + 0.2 * c.reltuples OR n_ins_since_vacuum > 1000 + 0.2 * c.reltuples`

// compare holds sizes against those of a database that has only the last state, and
// restatements against the truth.
func (n *nights) compare(fresh *nights) (bloat float64) {
	n.Helper()
	for s, e := range n.edition {
		fresh.edition[s] = e
	}
	for d := range 2 * lookback {
		for p := range n.parts {
			fresh.read(n.slice(d, p), "run-1")
		}
	}
	for _, question := range []string{
		"SELECT count(*) FROM marketing.facts", "SELECT sum(hashtext(concat(id, at, clicks, cost, revenue, campaign))::numeric) FROM marketing.facts",
	} {
		if got, want := ask(n, n.db, question), ask(n, fresh.db, question); got != want {
			n.Errorf("%s: %s, a fresh load has %s", question, got, want)
		}
	}
	rows, err := n.db.Query(n.Context(), `SELECT run || ' ' || part || ' ' || (interval_start AT TIME ZONE 'UTC')::date || ' ' || (sums_before ->> 'clicks') || ' ' || (sums_after ->> 'clicks') FROM exporter.restatements`)
	if err != nil {
		n.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		n.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(n.restated)
	if !slices.Equal(got, n.restated) {
		n.Errorf("%d restatements, want %d:\n%q\n%q", len(got), len(n.restated), got, n.restated)
	}
	const size = "SELECT pg_total_relation_size('marketing.facts')"
	return n.number(size) / fresh.number(size)
}

// TestNights: a table that is loaded every night stays as large as a fresh one, what a
// night writes is in proportion to what changed, and the ledger tells what that was.
func TestNights(t *testing.T) {
	srv := pgtest.New(t, pgtest.Settings{"full_page_writes": "on", "autovacuum": "off"})
	n := newNights(t, srv.Database(t), 2, 500)
	wal, changed, _ := n.run(func() {
		execute(t, n.db, "SELECT pg_stat_force_next_flush()")
		if tables := ask(t, n.db, dead); tables != "" {
			execute(t, n.db, "VACUUM ANALYZE "+tables)
		}
	})
	bloat := n.compare(newNights(t, srv.Database(t), 2, 500))
	t.Logf("table %.2f of a fresh load, WAL %.2f of the changed bytes, %d restatements", bloat, wal/changed, len(n.restated))
	if bloat > 1.2 {
		t.Errorf("the table has %.2f times the size of a fresh load, want 1.2 at most", bloat)
	}
	if wal > 3*changed {
		t.Errorf("WAL is %.2f times the changed bytes, want 3 at most", wal/changed)
	}
	if len(n.restated) < lookback*9/10 {
		t.Errorf("only %d slices were restated", len(n.restated))
	}
}

// BenchmarkNights is TestNights with 30 parts of 1,000 rows a day under autovacuum: the
// table grows from 0.9 to 1.8 million rows, a night reads 900 slices again.
// Measured: the table 1.03 of a fresh load, WAL 1.97 of the changed bytes, half of it pages
// logged whole, the last ten nights 1.07 of the first ten.
func BenchmarkNights(b *testing.B) {
	settings := pgtest.Durable()
	settings["autovacuum_naptime"] = "1s"
	srv := pgtest.New(b, settings)
	for b.Loop() {
		n := newNights(b, srv.Database(b), 30, 1000)
		wal, changed, took := n.run(func() {
			execute(b, n.db, "SELECT pg_stat_force_next_flush()")
			for ask(b, n.db, dead) != "" { // the server has all day
			}
		})
		bloat := n.compare(newNights(b, srv.Database(b), 30, 1000))
		b.ReportMetric(bloat, "table/fresh")
		b.ReportMetric(wal/changed, "wal/changed")
		b.ReportMetric(wal/lookback/math.Pow(2, 20), "MiB-wal/night")
		third := lookback / 3
		b.ReportMetric(median(took[lookback-third:])/median(took[:third]), "last/first")
		b.ReportMetric(median(took[:third]), "s/night")
	}
}

func median(list []time.Duration) float64 {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	return list[len(list)/2].Seconds()
}
