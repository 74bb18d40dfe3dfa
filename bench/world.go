package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// world is a vendor whose rows are cut into slices in one way, with the cases that
// are measured on it.
type world struct {
	*suite
	feed   feed
	layout layout
	rows   int
	cases  []measurement
}

// measurement is a case: what it is called, and what measures it.
type measurement struct {
	name    string // first/postgres
	needs   need
	measure func(*stage, context.Context) error
}

// need is what a case takes besides rows.
type need struct {
	again   bool // rows that have changed
	rowwise bool // a hundredth of them, of rows with a key
	layout  string
}

var measurements = []measurement{
	{name: "first/postgres", measure: (*stage).first},
	{name: "first/files", measure: (*stage).firstFiles},
	{name: "spool/postgres", measure: (*stage).fromSpool},
	{name: "reload/postgres", needs: need{again: true}, measure: (*stage).reload},
	{name: "reload-spool/postgres", needs: need{again: true}, measure: (*stage).reloadFromSpool},
	{name: "merge/postgres", needs: need{again: true, rowwise: true, layout: "one"}, measure: (*stage).merge},
	{name: "merge-spool/postgres", needs: need{again: true, rowwise: true, layout: "one"}, measure: (*stage).mergeFromSpool},
}

// worlds lists what is to be measured.
func (s *suite) worlds() []*world {
	var out []*world
	for _, rows := range s.rows {
		for _, f := range feeds {
			for _, l := range layouts {
				w := &world{suite: s, feed: f, layout: l, rows: rows}
				for _, m := range measurements {
					fits := (m.needs.layout == "" || m.needs.layout == l.name) && (!m.needs.rowwise || f.rowwise)
					if fits && (s.only == nil || s.only.MatchString(w.caseName(m.name))) {
						w.cases = append(w.cases, m)
					}
				}
				if len(w.cases) > 0 {
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// caseNames lists the cases of a size.
func caseNames() string {
	var out strings.Builder
	for _, w := range (&suite{plan: plan{rows: []int{1_000_000}}}).worlds() {
		for _, m := range w.cases {
			fmt.Fprintln(&out, "  "+w.caseName(m.name))
		}
	}
	return out.String()
}

func (w *world) name() string { return w.feed.name + "/" + w.layout.name + "/" + short(w.rows) }

func (w *world) caseName(measurement string) string { return measurement + "/" + w.name() }

// short writes 1000000 as 1M.
func short(rows int) string {
	switch {
	case rows%1_000_000 == 0:
		return strconv.Itoa(rows/1_000_000) + "M"
	case rows%1000 == 0:
		return strconv.Itoa(rows/1000) + "k"
	}
	return strconv.Itoa(rows)
}

// stage is a world in which everything is prepared: what the vendor answers, the
// same rows as CSV, and tables to load them into by hand.
type stage struct {
	*world
	vendor  *vendor
	db      *database
	home    *home
	truth   int64    // rows the vendor has
	columns []string // of the table, without lineage
	csv     string   // all rows
	again   string   // all rows after a change, for merges
	csvSize int64
}

// run records the vendor's answers, then measures.
func (w *world) run(ctx context.Context) (err error) {
	w.say("\n%s: recording what the vendor answers", w.name())
	st := &stage{world: w}
	database := "bench_" + strings.NewReplacer("/", "_").Replace(strings.ToLower(w.name()))
	tape := filepath.Join(w.dir, database)
	defer func() {
		err = errors.Join(err, os.RemoveAll(tape), w.dropDatabase(context.WithoutCancel(ctx), database))
	}()
	if err := os.MkdirAll(tape, 0o700); err != nil {
		return err
	}
	if st.db, err = w.database(ctx, database); err != nil {
		return err
	}
	if err := st.record(ctx, tape); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if st.vendor, err = startVendor(ctx, vendorTask{Dir: tape}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.vendor.close()) }()
	for _, m := range w.cases {
		w.say("%s", w.caseName(m.name))
		if err := m.measure(st, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// record lets the sandbox answer what exporter asks, once, and takes from the
// loaded table what the others load.
func (st *stage) record(ctx context.Context, tape string) (err error) {
	st.vendor, err = startVendor(ctx, vendorTask{Dir: tape, Sandbox: st.feed.sandbox(st.rows), OWAPro: st.feed.query})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.vendor.close()) }()
	if err := st.settleIn(ctx, "replace"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(st.home.dir)) }()
	text, err := st.vendor.ask(ctx, "GET", "/_bench/truth", nil)
	if err != nil {
		return err
	}
	if st.truth, err = strconv.ParseInt(text, 10, 64); err != nil {
		return err
	}
	if _, err := st.home.run(ctx, st.layout.to, true); err != nil {
		return err
	}
	if err := st.complete(ctx); err != nil {
		return err
	}
	if st.columns, err = st.db.columns(ctx); err != nil {
		return err
	}
	list := strings.Join(st.columns, ", ")
	if st.csv, err = st.dump(ctx, tape, "rows.csv"); err != nil {
		return err
	}
	info, err := os.Stat(st.csv)
	if err != nil {
		return err
	}
	st.csvSize = info.Size()
	err = st.db.do(ctx, "CREATE SCHEMA ref", "CREATE TABLE ref.plain AS SELECT "+list+" FROM marketing.facts WHERE false",
		"CREATE TABLE ref.lineage (LIKE marketing.facts INCLUDING ALL)",
		"ALTER TABLE ref.lineage ALTER _slice SET DEFAULT 1, ALTER _loaded_at SET DEFAULT now()")
	if err != nil || !slices.ContainsFunc(st.cases, func(m measurement) bool { return m.needs.again }) {
		return err
	}
	return st.recordAgain(ctx, tape)
}

// recordAgain records the answers after a change.
func (st *stage) recordAgain(ctx context.Context, tape string) error {
	changed := 1
	if st.layout.name == "one" && st.feed.rowwise {
		changed = days // a hundredth of all rows, not of those of a day
	}
	for n := range changed {
		path, body := st.feed.restated(dayAt(n), st.rows)
		if _, err := st.vendor.ask(ctx, "POST", path, []byte(body)); err != nil {
			return err
		}
	}
	if err := st.vendor.use(ctx, "again"); err != nil {
		return err
	}
	if _, err := st.home.run(ctx, st.layout.dayTo, true); err != nil {
		return err
	}
	if !slices.ContainsFunc(st.cases, func(m measurement) bool { return m.needs.rowwise }) {
		return nil
	}
	var err error
	st.again, err = st.dump(ctx, tape, "again.csv")
	return err
}

func (st *stage) dump(ctx context.Context, dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	_, err := st.db.psql(ctx, `\copy (SELECT `+strings.Join(st.columns, ", ")+` FROM marketing.facts) TO '`+path+`' CSV`)
	return path, err
}

// settleIn gives exporter a folder for loads into PostgreSQL.
func (st *stage) settleIn(ctx context.Context, write string) (err error) {
	sink := "driver = \"postgres\"\ndsn = \"" + st.db.role + "\"\nschema = \"marketing\"\n"
	if st.home, err = st.newHome("home", st.feed.jobsTOML(st.layout, st.vendor.url, sink, write)); err != nil {
		return err
	}
	return st.blank(ctx)
}

// blank takes away what exporter has loaded, and all that it knows.
func (st *stage) blank(ctx context.Context) error {
	return errors.Join(st.home.forget(), st.db.do(ctx, "DROP SCHEMA IF EXISTS marketing, exporter CASCADE"))
}

// complete compares the loaded rows with those of the vendor.
func (st *stage) complete(ctx context.Context) error { return st.holds(ctx, "marketing.facts") }

func (st *stage) holds(ctx context.Context, table string) error {
	n, err := st.db.number(ctx, "SELECT count(*) FROM "+table)
	if err == nil && n != st.truth {
		err = fmt.Errorf("%s has %d rows, the vendor %d", table, n, st.truth)
	}
	return err
}
