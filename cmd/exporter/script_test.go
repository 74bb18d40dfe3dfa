package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sinks/postgres/pgtest"
)

// stageCommands are the commands of the scripts besides those of testscript.
var stageCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"sql":      positive(2, querying),
	"calls":    positive(1, counting),
	"hold":     positive(1, holding),
	"held":     positive(0, awaiting),
	"release":  positive(0, releasing),
	"fault":    positive(1, breaking),
	"restate":  positive(1, restating),
	"vendor":   positive(1, switching),
	"database": positive(1, serving),
	"normal":   positive(2, normalising),
	"consent":  positive(2, consenting),
	"await":    positive(2, watching),
	"owapro":   positive(1, changing),
	"sqlite":   positive(3, looking),
	"protect":  positive(2, protecting),
	"appears":  positive(1, expecting),
	"piwikpro": positive(1, changingPiwik),
	"hubrise":  positive(1, changingHub),
	"grant":    positive(2, granting),
	"health":   positive(2, ailing),
	"bucket":   positive(2, bucketing),
	"expired":  positive(1, expiring),
}

func positive(args int, do func(ts *testscript.TestScript, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, got []string) {
		if neg || len(got) != args {
			ts.Fatalf("this command takes %d arguments and no !", args)
		}
		ts.Check(do(ts, got))
	}
}

// sql QUERY WANT compares a result: rows in lines, cells joined with "|".
func querying(ts *testscript.TestScript, args []string) (err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, stageOf(ts).dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, args[0])
	if err != nil {
		return err
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		return strings.Join(texts, "|"), err
	})
	want := strings.ReplaceAll(args[1], `\n`, "\n")
	if got := strings.Join(lines, "\n"); err == nil && got != want {
		return fmt.Errorf("got\n%s\nwant\n%s", got, want)
	}
	return err
}

// calls N compares the number of reports asked for since the last calls; "<=N" is
// the most there may be.
func counting(ts *testscript.TestScript, args []string) error {
	s := stageOf(ts)
	s.mu.Lock()
	defer s.mu.Unlock()
	most, bounded := strings.CutPrefix(args[0], "<=")
	want, err := strconv.Atoi(most)
	if err != nil {
		return err
	}
	got := s.asked
	s.asked = 0
	if got != want && (!bounded || got > want) {
		return fmt.Errorf("%d calls, want %s", got, args[0])
	}
	return nil
}

// hold N keeps the Nth report from now from being answered.
func holding(ts *testscript.TestScript, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	s := stageOf(ts)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.hold, s.held, s.free = 0, n, make(chan struct{}), make(chan struct{})
	return nil
}

// held waits until that report is asked for.
func awaiting(ts *testscript.TestScript, _ []string) error {
	s := stageOf(ts)
	select {
	case <-s.held:
		return nil
	case <-s.t.Context().Done():
		return errors.New("the report was never asked for")
	}
}

// release lets it go.
func releasing(ts *testscript.TestScript, _ []string) error {
	stageOf(ts).release()
	return nil
}

// fault JSON adds a rule to the vendor; "clear" removes all.
func breaking(ts *testscript.TestScript, args []string) error {
	set := stageOf(ts).vendor.Faults()
	if args[0] == "clear" {
		set.Clear()
		return nil
	}
	var r faults.Rule
	if err := json.Unmarshal([]byte(args[0]), &r); err != nil {
		return err
	}
	return set.Add(r)
}

// owapro JSON merges into the configuration of OWAPro; expire_refresh ends its refresh tokens.
func changing(ts *testscript.TestScript, args []string) error {
	room := stageOf(ts).vendor.OWAPro()
	if args[0] == "expire_refresh" {
		room.ExpireAccess()
		room.ExpireRefresh()
		return nil
	}
	return room.Update([]byte(args[0]))
}

// sqlite FILE QUERY WANT compares a result as sql does.
func looking(ts *testscript.TestScript, args []string) (err error) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(context.Background(), args[1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	var lines []string
	for err == nil && rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		err = rows.Scan(into...)
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = fmt.Sprint(c)
		}
		lines = append(lines, strings.Join(texts, "|"))
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return err
	}
	want := strings.ReplaceAll(args[2], `\n`, "\n")
	if got := strings.Join(lines, "\n"); got != want {
		return fmt.Errorf("got\n%s\nwant\n%s", got, want)
	}
	return nil
}

// protect FILE on makes SQLite refuse to write to a database; off allows it again.
// The format's version for writers says so, which stops root, too: permissions do not.
func protecting(ts *testscript.TestScript, args []string) (err error) {
	version := map[string]byte{"on": 9, "off": 2}[args[1]]
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteAt([]byte{version}, 18)
	return err
}

// appears FILE waits until there is one.
func expecting(ts *testscript.TestScript, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		_, err := os.Stat(ts.MkAbs(args[0]))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return err
		}
	}
}

// restate DAY changes three conversions of a day.
func restating(ts *testscript.TestScript, args []string) error {
	_, err := stageOf(ts).vendor.HasOffers().Drift(hasoffers.Drift{Kind: hasoffers.Restate, Day: args[0], Rows: 3})
	return err
}

// vendor stop ends the vendor's server.
func switching(ts *testscript.TestScript, args []string) error {
	if args[0] != "stop" {
		return fmt.Errorf("vendor %s: want stop", args[0])
	}
	stageOf(ts).server.Close()
	return nil
}

// database own takes a PostgreSQL server for this script, which database stop
// and database start take down and up.
func serving(ts *testscript.TestScript, args []string) error {
	s := stageOf(ts)
	switch args[0] {
	case "own":
		s.own = pgtest.New(s.t, nil)
		s.setDSN(ts.Setenv, s.own.Database(s.t))
	case "stop":
		s.own.Stop(s.t)
	case "start":
		s.own.Start(s.t)
	default:
		return fmt.Errorf("database %s: want own, stop or start", args[0])
	}
	return nil
}

// consent FILE TEXT writes TEXT with CODE replaced by a code of OWAPro.
func consenting(ts *testscript.TestScript, args []string) error {
	code, err := stageOf(ts).vendor.OWAPro().Code("client")
	if err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(args[1], "CODE", code)+"\n"), 0o600)
}

// await N PATTERN waits until all output so far has N lines that match.
func watching(ts *testscript.TestScript, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	want, err := regexp.Compile("(?m)" + args[1])
	if err != nil {
		return err
	}
	s := stageOf(ts)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	enough := time.NewTimer(30 * time.Second)
	defer enough.Stop()
	for {
		text, err := os.ReadFile(s.outputs)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(want.FindAll(text, n)) == n {
			return nil
		}
		select {
		case <-look.C:
		case <-enough.C:
			return fmt.Errorf("no %d lines match %s in\n%s", n, args[1], text)
		}
	}
}

var volatile = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"((?:\w+_at|paused_until|wait_until))":"[^"]+"`), `"$1":"TIME"`},
	{regexp.MustCompile(`"(\w*seconds)":[0-9.]+`), `"$1":0`},
	{regexp.MustCompile(`"(run|id)":"[0-9a-z]{26}"`), `"$1":"ID"`},
	{regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`), `http://SANDBOX`},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), `ADDRESS`},
	{regexp.MustCompile(`\b[0-9.]+(ms|µs|s)\b`), `TOOK`},
}

var instant = regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+\b`)

// normal FROM TO copies an output with what changes from run to run replaced.
func normalising(ts *testscript.TestScript, args []string) error {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "WORK")
	for _, v := range volatile {
		text = v.what.ReplaceAllString(text, v.with)
	}
	if !strings.HasPrefix(text, "{") { // in JSON the keys tell times that change from those that do not
		text = instant.ReplaceAllString(text, "TIME")
	}
	text = regexp.MustCompile(` +\n`).ReplaceAllString(text, "\n")
	return os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600)
}
