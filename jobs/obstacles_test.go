package jobs_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// obstacle is something that an owner of a table or a server did, and keeps a load out.
type obstacle struct {
	name    string
	table   bool     // the job has loaded once before
	do      []string // as an administrator; ROLE is the exporter's
	code    int
	message string   // in it
	way     []string // out of it; nil: what the hint says to run
}

const (
	mayNot   = `table "marketing"."conversions" belongs to postgres, and ROLE may not write to it`
	takeAway = "ALTER TABLE marketing.conversions OWNER TO postgres; GRANT SELECT, INSERT, DELETE ON marketing.conversions TO ROLE; "
)

var obstacles = []obstacle{
	{
		name: "a view", do: []string{"CREATE VIEW marketing.conversions AS SELECT 1 AS id"}, code: 2,
		message: `"marketing"."conversions" is not a table but a view`, way: []string{"DROP VIEW marketing.conversions"},
	},
	{
		name: "a materialized view", do: []string{"CREATE MATERIALIZED VIEW marketing.conversions AS SELECT 1 AS id"}, code: 2,
		message: `"marketing"."conversions" is not a table but a materialized view`, way: []string{"DROP MATERIALIZED VIEW marketing.conversions"},
	},
	{
		name: "a table of somebody's", do: []string{"CREATE TABLE marketing.conversions (id bigint)", "ALTER TABLE marketing.conversions OWNER TO ROLE"}, code: 2,
		message: `table "marketing"."conversions" is there already, but without the column _slice bigint`,
	},
	{
		name: "a generated column", table: true, do: []string{"ALTER TABLE marketing.conversions DROP COLUMN payout, ADD COLUMN payout numeric GENERATED ALWAYS AS (1) STORED"}, code: 2,
		message: `column "payout" of table "marketing"."conversions" is generated`,
	},
	{
		name: "an identity", table: true, do: []string{"ALTER TABLE marketing.conversions ALTER COLUMN id SET NOT NULL, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"}, code: 2,
		message: `column "id" of table "marketing"."conversions" is generated`, way: []string{"ALTER TABLE marketing.conversions ALTER COLUMN id DROP IDENTITY"},
	},
	{
		name: "a column that must not be empty", table: true, do: []string{"ALTER TABLE marketing.conversions ADD COLUMN checked boolean", "UPDATE marketing.conversions SET checked = true", "ALTER TABLE marketing.conversions ALTER COLUMN checked SET NOT NULL"}, code: 2,
		message: `column "checked" of table "marketing"."conversions" is NOT NULL without a default`,
	},
	{name: "no INSERT", table: true, do: []string{takeAway + "REVOKE INSERT ON marketing.conversions FROM ROLE"}, code: 3, message: mayNot},
	{name: "no DELETE", table: true, do: []string{takeAway + "REVOKE DELETE ON marketing.conversions FROM ROLE"}, code: 3, message: mayNot},
	{
		name: "no CREATE", do: []string{"ALTER SCHEMA marketing OWNER TO postgres"}, code: 3,
		message: `create a table in schema marketing`,
	},
	{
		name: "no right on the ledger", table: true, do: []string{"ALTER TABLE exporter.slices OWNER TO postgres", "GRANT SELECT ON exporter.slices TO ROLE", "ALTER SCHEMA exporter OWNER TO postgres", "GRANT USAGE ON SCHEMA exporter TO ROLE"}, code: 3,
		message: `in ledger exporter: ERROR: permission denied for table slices`,
	},
	{
		name: "a CHECK", table: true, do: []string{"ALTER TABLE marketing.conversions ADD CONSTRAINT cheap CHECK (payout < 0) NOT VALID"}, code: 1,
		message: `new row for relation "conversions" violates check constraint "cheap"`, way: []string{"ALTER TABLE marketing.conversions DROP CONSTRAINT cheap"},
	},
	{
		name: "a unique index", table: true, do: []string{"DO $$ BEGIN EXECUTE format('CREATE UNIQUE INDEX one ON marketing.conversions ((id IS NULL)) WHERE _loaded_at > %L', clock_timestamp()); END $$"}, code: 1,
		message: `duplicate key value violates unique constraint "one"`, way: []string{"DROP INDEX marketing.one"},
	},
	{
		name: "a trigger that leaves a row out", table: true, do: []string{
			"CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id = (SELECT min(id) FROM kept) THEN NULL ELSE NEW END; END $$",
			"CREATE TABLE kept AS SELECT id FROM marketing.conversions", "GRANT SELECT ON kept TO ROLE",
			"CREATE TRIGGER swallow BEFORE INSERT ON marketing.conversions FOR EACH ROW EXECUTE FUNCTION swallow()",
		}, code: 1,
		message: `1 of 50 rows of table conversions that were to be inserted were left out`, way: []string{"DROP TRIGGER swallow ON marketing.conversions"},
	},
	{
		name: "no partition for the rows", table: true, do: []string{
			"ALTER TABLE marketing.conversions RENAME TO before", "CREATE TABLE marketing.conversions (LIKE marketing.before INCLUDING ALL) PARTITION BY RANGE (id)",
			"ALTER TABLE marketing.before RENAME TO known", "CREATE TABLE marketing.first PARTITION OF marketing.conversions FOR VALUES FROM (-9) TO (0)",
			"ALTER TABLE marketing.conversions OWNER TO ROLE", "ALTER TABLE marketing.first OWNER TO ROLE",
		}, code: 2,
		message: `no partition of relation "conversions" found for row`, way: []string{"CREATE TABLE marketing.rest PARTITION OF marketing.conversions DEFAULT"},
	},
}

// TestObstacles: what keeps a load out is named with sink, table and the way out, the
// old rows stay, and when the way is taken the next run loads all there is, with no call
// for what was read.
func TestObstacles(t *testing.T) {
	for _, o := range obstacles {
		t.Run(o.name, func(t *testing.T) {
			w := newWorld(t, nil)
			srv := pgtest.Start(t)
			admin := w.dsn
			role := newLoader(t, srv, w)
			text := strings.NewReplacer("ROLE", role)
			cfg := w.configure(`lookback = "1d"`)
			if o.table {
				w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
			}
			for _, sql := range o.do {
				srv.Psql(t, admin, "-qc", text.Replace(sql))
			}
			var before [][]string
			if o.table {
				before = w.rows(srv, admin)
			}
			w.calls()
			r := w.run(cfg, state.Run{Force: true})
			if r.ExitCode != o.code || r.Committed+r.Unchanged > 0 {
				t.Errorf("exit %d, %d committed, %d unchanged, want exit %d", r.ExitCode, r.Committed, r.Unchanged, o.code)
			}
			for _, part := range []string{text.Replace(o.message), "warehouse"} {
				if !strings.Contains(r.Error, part) {
					t.Errorf("error %q, want %q in it", r.Error, part)
				}
			}
			if r.Hint == "" {
				t.Errorf("no hint with %q", r.Error)
			}
			if w.calls() == 0 {
				t.Error("the day was not read")
			}
			if o.table {
				if d := cmp.Diff(before, w.rows(srv, admin)); d != "" {
					t.Errorf("old rows (-want +got):\n%s", d)
				}
			}
			way := o.way
			if way == nil {
				way = []string{statements(t, r.Hint)}
			}
			for _, sql := range way {
				srv.Psql(t, admin, "-qc", sql)
			}
			again := w.run(cfg, state.Run{Force: true})
			if again.ExitCode != 0 {
				t.Fatalf("when the way out is taken: exit %d, %s", again.ExitCode, again.Error)
			}
			if n := w.calls(); n > 0 {
				t.Errorf("%d calls for what was in the spool", n)
			}
			if d := cmp.Diff(w.truth("2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z"), w.rows(srv, admin), byID); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
}

// newLoader makes a role that owns both schemas, and w use it.
func newLoader(t *testing.T, srv *pgtest.Server, w *world) (role string) {
	t.Helper()
	u, err := url.Parse(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, role := w.dsn, "loader_"+strings.TrimPrefix(u.Path, "/")
	srv.Psql(t, admin, "-qc", "CREATE ROLE "+role+" LOGIN; CREATE SCHEMA marketing AUTHORIZATION "+role+"; CREATE SCHEMA exporter AUTHORIZATION "+role)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		db, err := pgx.Connect(ctx, admin)
		if err == nil {
			_, err = db.Exec(ctx, "DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role)
			err = errors.Join(err, db.Close(ctx))
		}
		if err != nil {
			t.Errorf("drop the role: %v", err)
		}
	})
	u.User = url.User(role)
	w.dsn = u.String()
	return role
}

// rows returns the rows of the table as an administrator sees them.
func (w *world) rows(srv *pgtest.Server, admin string) [][]string {
	w.t.Helper()
	var list [][]string
	out := srv.Psql(w.t, admin, "-AtF|", "-c", `select id, to_char(datetime at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), status, payout from marketing.conversions order by id`)
	for line := range strings.Lines(out) {
		list = append(list, strings.Split(strings.TrimSpace(line), "|"))
	}
	return list
}

// statements returns what a hint says to run.
func statements(t *testing.T, hint string) string {
	t.Helper()
	_, text, ok := strings.Cut(hint, "run: ")
	end := strings.LastIndex(text, ";")
	if i := strings.Index(text, "; or "); i >= 0 {
		end = i
	}
	if !ok || end < 0 {
		t.Fatalf("the hint says nothing to run: %s", hint)
	}
	return text[:end+1]
}
