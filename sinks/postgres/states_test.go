package postgres_test

import (
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sinks/postgres/pgtest"
)

// TestStates lets a trigger raise what a server raises in trouble.
func TestStates(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "old"))
	execute(t, db, "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = TG_ARGV[0]; END $$")
	for state, want := range map[string]struct {
		class fault.Class
		hint  string // a part of it
	}{
		"08006": {fault.Transient, "broke off"},
		"22003": {fault.Data, "cannot store a value"},
		"23505": {fault.Permanent, "constraint"},
		"25006": {fault.Transient, "primary"},
		"40001": {fault.Transient, ""},
		"40P01": {fault.Transient, ""},
		"42501": {fault.Auth, "Role postgres lacks a right"},
		"53100": {fault.Transient, "The disk of 127.0.0.1:"},
		"53200": {fault.Transient, "short of resources"},
		"53300": {fault.Transient, "max_connections"},
		"55P03": {fault.Transient, "pg_stat_activity"},
		"57014": {fault.Transient, "statement_timeout of role postgres"},
		"57P01": {fault.Transient, "shutting down"},
		"57P03": {fault.Transient, "shutting down"},
		"0A000": {fault.Permanent, ""},
		"XX000": {fault.Permanent, ""},
	} {
		t.Run(state, func(t *testing.T) {
			execute(t, db, "DROP TRIGGER IF EXISTS trouble ON marketing.facts",
				"CREATE TRIGGER trouble BEFORE INSERT ON marketing.facts EXECUTE FUNCTION trouble('"+state+"')")
			rows := batch(2, "new")
			w := begin(t, sink, loadOf(facts, rows))
			err := w.Write(t.Context(), rows)
			if err == nil {
				_, err = w.Commit(t.Context())
			}
			if got := fault.ClassOf(err); got != want.class {
				t.Errorf("%v has class %q, want %q", err, got, want.class)
			}
			if hint := fault.HintOf(err); !strings.Contains(hint, want.hint) || strings.Contains(hint, "{") {
				t.Errorf("hint %q, want %q in it", hint, want.hint)
			}
			if err := w.Abort(t.Context()); err != nil {
				t.Errorf("abort: %v", err)
			}
		})
	}
	if got := ask(t, db, count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
}
