package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
)

// keyed is facts with a key.
func keyed() record.Table {
	t := facts
	t.Key = []string{"id"}
	return t
}

// try loads rows in a mode, and aborts after an error.
func try(t *testing.T, s sinks.Sink, mode sinks.Mode, rows *record.Batch) error {
	t.Helper()
	l := loadOf(keyed(), rows)
	l.Mode = mode
	return attempt(t, s, l, rows)
}

func TestKeyedTables(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	const indexes = "SELECT string_agg(indexdef, '; ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'facts'"
	const slice = "CREATE INDEX facts__slice_idx ON marketing.facts USING btree (_slice)"
	for _, step := range []struct {
		prepare string
		mode    sinks.Mode
		want    string
	}{
		{"", sinks.Replace, slice},
		{"", sinks.Merge, slice + "; CREATE UNIQUE INDEX facts_id_idx ON marketing.facts USING btree (id)"},
		{"", sinks.Merge, slice + "; CREATE UNIQUE INDEX facts_id_idx ON marketing.facts USING btree (id)"},
		{ // somebody's primary key is as good
			"DROP INDEX marketing.facts_id_idx; ALTER TABLE marketing.facts ADD PRIMARY KEY (id)", sinks.Merge,
			slice + "; CREATE UNIQUE INDEX facts_pkey ON marketing.facts USING btree (id)",
		},
		{ // these are not: deferrable, of a part of the rows, of more columns
			"ALTER TABLE marketing.facts DROP CONSTRAINT facts_pkey, ADD CONSTRAINT later UNIQUE (id) DEFERRABLE; CREATE UNIQUE INDEX part ON marketing.facts (id) WHERE id > 5; CREATE UNIQUE INDEX two ON marketing.facts (id, name)", sinks.Merge,
			slice + "; CREATE UNIQUE INDEX facts_id_idx ON marketing.facts USING btree (id); CREATE UNIQUE INDEX later ON marketing.facts USING btree (id); CREATE UNIQUE INDEX part ON marketing.facts USING btree (id) WHERE (id > 5); CREATE UNIQUE INDEX two ON marketing.facts USING btree (id, name)",
		},
	} {
		if step.prepare != "" {
			execute(t, db, step.prepare)
		}
		if err := try(t, sink, step.mode, batch(3, "a")); err != nil {
			t.Fatalf("%s: %v", step.mode, err)
		}
		if d := cmp.Diff(step.want, ask(t, db, indexes)); d != "" {
			t.Errorf("indexes after %s (-want +got):\n%s", step.mode, d)
		}
	}
	execute(t, db, "DROP TABLE marketing.facts")
	if err := try(t, sink, sinks.Snapshot, batch(3, "a")); err != nil {
		t.Fatal(err)
	}
	const absent = "SELECT format_type(atttypid, -1) || ': ' || col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'marketing.facts'::regclass AND attname = '_absent_since'"
	if got, want := ask(t, db, absent), "timestamp with time zone: When the row was found to be no longer there; null while it is."; got != want {
		t.Errorf("_absent_since is %q, want %q", got, want)
	}
	if got := ask(t, db, "SELECT count(*) FROM pg_class WHERE relname LIKE 'exporter_stage%'"); got != "0" {
		t.Errorf("%s temporary tables are left", got)
	}
}

func TestRowsThatAreNotUnique(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "a"))
	execute(t, db, "INSERT INTO marketing.facts SELECT * FROM marketing.facts")
	err := try(t, sink, sinks.Merge, batch(3, "b"))
	wantFault(t, err, fault.Config, `The table was filled in another write mode. Set another table in the job, or write write = "replace".`)
	if got := ask(t, db, count); got != "6 a" {
		t.Errorf("rows %q, want the old ones", got)
	}
}

// TestRightsOfKeyedModes: what a role needs besides what replace needs.
func TestRightsOfKeyedModes(t *testing.T) {
	const grants = "GRANT USAGE ON SCHEMA marketing, exporter TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA exporter TO ROLE; GRANT SELECT, INSERT, DELETE ON marketing.facts TO ROLE; "
	for name, c := range map[string]struct {
		prepare string
		mode    sinks.Mode
		hint    string
	}{
		"update": {
			prepare: grants, mode: sinks.Merge,
			hint: `Let its owner run: GRANT SELECT, INSERT, UPDATE, DELETE ON "marketing"."facts" TO "ROLE";`,
		},
		"index": {
			prepare: grants + "GRANT UPDATE ON marketing.facts TO ROLE", mode: sinks.Merge,
			hint: `Let its owner run: CREATE UNIQUE INDEX ON "marketing"."facts" ("id"); or let the exporter do so: GRANT "postgres" TO "ROLE";`,
		},
		"column": {
			prepare: grants + "GRANT UPDATE ON marketing.facts TO ROLE", mode: sinks.Snapshot,
			hint: `Let its owner run: ALTER TABLE "marketing"."facts" ADD COLUMN _absent_since timestamp with time zone; or let the exporter do so: GRANT "postgres" TO "ROLE";`,
		},
		"temporary tables": {
			prepare: grants + "GRANT UPDATE ON marketing.facts TO ROLE; CREATE UNIQUE INDEX ON marketing.facts (id); DO $$BEGIN EXECUTE 'REVOKE TEMPORARY ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC'; END$$", mode: sinks.Merge,
			hint: `Let the owner of the database run: GRANT TEMPORARY ON DATABASE "DBNAME" TO "ROLE";`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.Start(t).Database(t)
			role, db := newRole(t, dsn), connect(t, dsn)
			bring(t, open(t, config(dsn)), batch(1, "a"))
			execute(t, db, strings.ReplaceAll(c.prepare, "ROLE", role.name))
			err := try(t, open(t, config(role.dsn(t, dsn))), c.mode, batch(2, "b"))
			wantFault(t, err, fault.Auth, strings.NewReplacer("ROLE", role.name, "DBNAME", ask(t, db, "SELECT current_database()")).Replace(c.hint))
			if got := ask(t, db, count); got != "1 a" {
				t.Errorf("rows %q, want the old one", got)
			}
		})
	}
}
