package postgres_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
)

// testRole is a role without any right of its own.
type testRole struct{ name string }

// newRole makes a role that can log in.
func newRole(t *testing.T, dsn string) testRole {
	t.Helper()
	r := testRole{"role_" + strings.ToLower(rand.Text()[:12])}
	execute(t, connect(t, dsn), "CREATE ROLE "+r.name+" LOGIN PASSWORD 's3cret'")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		db, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Errorf("connect to drop the role: %v", err)
			return
		}
		if _, err := db.Exec(ctx, "DROP OWNED BY "+r.name+" CASCADE; DROP ROLE "+r.name); err != nil {
			t.Errorf("drop role: %v", err)
		}
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// dsn returns a DSN with the role as its user.
func (r testRole) dsn(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(r.name, "s3cret")
	return u.String()
}

func TestMissingRights(t *testing.T) {
	const everything = "CREATE SCHEMA marketing AUTHORIZATION ROLE; CREATE SCHEMA exporter AUTHORIZATION ROLE"
	for name, c := range map[string]struct {
		prepare string // as the superuser
		made    bool   // the role has loaded once, then prepare runs
		check   bool   // Check finds it too
		class   fault.Class
		hint    string
	}{
		"no schema": {
			check: true, class: fault.Auth,
			hint: `Let an administrator run: CREATE SCHEMA "marketing" AUTHORIZATION "ROLE";`,
		},
		"no ledger schema": {
			prepare: "CREATE SCHEMA marketing AUTHORIZATION ROLE", check: true, class: fault.Auth,
			hint: `Let an administrator run: CREATE SCHEMA "exporter" AUTHORIZATION "ROLE";`,
		},
		"schema of another": {
			prepare: "CREATE SCHEMA marketing; CREATE SCHEMA exporter AUTHORIZATION ROLE", check: true, class: fault.Auth,
			hint: `Let the owner of the schema run: GRANT USAGE, CREATE ON SCHEMA "marketing" TO "ROLE";`,
		},
		"ledger of another": {
			prepare: "CREATE SCHEMA marketing AUTHORIZATION ROLE; CREATE SCHEMA exporter", check: true, class: fault.Auth,
			hint: `Let its owner run: GRANT USAGE, CREATE ON SCHEMA "exporter" TO "ROLE"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "exporter" TO "ROLE";`,
		},
		"ledger taken away": {
			prepare: "ALTER TABLE exporter.slices OWNER TO postgres", made: true, check: true, class: fault.Auth,
			hint: `Let its owner run: GRANT USAGE, CREATE ON SCHEMA "exporter" TO "ROLE"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "exporter" TO "ROLE";`,
		},
		"table taken away": {
			prepare: "ALTER TABLE marketing.facts OWNER TO postgres", made: true, class: fault.Auth,
			hint: `Let its owner run: GRANT SELECT, INSERT, DELETE ON "marketing"."facts" TO "ROLE";`,
		},
		"column in the table of another": {
			prepare: "ALTER TABLE marketing.facts OWNER TO postgres; ALTER TABLE marketing.facts DROP COLUMN amount; GRANT SELECT, INSERT, DELETE ON marketing.facts TO ROLE",
			made:    true, class: fault.Auth,
			hint: `Let its owner run: ALTER TABLE "marketing"."facts" ADD COLUMN "amount" numeric; or let the exporter do so: GRANT "postgres" TO "ROLE";`,
		},
		"no connection left": {
			prepare: everything + "; ALTER USER ROLE CONNECTION LIMIT 0", check: true, class: fault.Transient,
		},
		"newer ledger": {
			prepare: "INSERT INTO exporter.schema_version VALUES (1000, 'future')", made: true, check: true, class: fault.Config,
			hint: "A newer exporter made this ledger. Run that version or a later one.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.Start(t).Database(t)
			role := newRole(t, dsn)
			db, sink := connect(t, dsn), open(t, config(role.dsn(t, dsn)))
			if c.made {
				execute(t, db, strings.ReplaceAll(everything, "ROLE", role.name))
				bring(t, sink, batch(1, "a"))
			}
			execute(t, db, strings.ReplaceAll(c.prepare, "ROLE", role.name))
			before := catalogue(t, db)
			hint := strings.ReplaceAll(c.hint, "ROLE", role.name)
			err := sink.Check(t.Context())
			if c.check {
				wantFault(t, err, c.class, hint)
			} else if err != nil {
				t.Errorf("check: %v", err)
			}
			if d := cmp.Diff(before, catalogue(t, db)); d != "" {
				t.Errorf("check left a trace:\n%s", d)
			}
			_, err = sink.Begin(t.Context(), loadOf(facts, batch(1, "a")))
			wantFault(t, err, c.class, hint)
			if err != nil && strings.Contains(err.Error()+fault.HintOf(err), "s3cret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// TestTableOfAnotherThatFits: with the rights to write, the owner may be anybody.
func TestTableOfAnotherThatFits(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	role := newRole(t, dsn)
	db := connect(t, dsn)
	bring(t, open(t, config(dsn)), batch(1, "a"))
	execute(t, db,
		"GRANT USAGE ON SCHEMA marketing, exporter TO "+role.name,
		"GRANT SELECT, INSERT, DELETE ON marketing.facts TO "+role.name,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA exporter TO "+role.name,
		"COMMENT ON COLUMN marketing.facts.amount IS 'the owner''s'")
	bring(t, open(t, config(role.dsn(t, dsn))), batch(5, "b"))
	if got := ask(t, db, count); got != "5 b" {
		t.Errorf("rows %q, want 5 b", got)
	}
}

func TestCheckLeavesNothing(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	analyst := newRole(t, dsn)
	db := connect(t, dsn)
	sink := open(t, config(dsn, func(c *postgres.Config) { c.GrantSelect = []string{analyst.name, "public"} }))
	for _, when := range []string{"before the first load", "after it"} {
		before := catalogue(t, db)
		if err := sink.Check(t.Context()); err != nil {
			t.Fatalf("check %s: %v (%s)", when, err, fault.HintOf(err))
		}
		if d := cmp.Diff(before, catalogue(t, db)); d != "" {
			t.Errorf("check %s left a trace:\n%s", when, d)
		}
		bring(t, sink, batch(1, "a"))
	}
}

// catalogue lists what is in a database, and the next identity of a slice.
func catalogue(t *testing.T, db *pgx.Conn) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT nspname || '.' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
		UNION ALL SELECT nspname FROM pg_namespace UNION ALL SELECT sequencename || coalesce(last_value, 0) FROM pg_sequences ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestConnectErrors(t *testing.T) {
	srv := pgtest.New(t, nil)
	dsn := srv.Database(t)
	role := newRole(t, dsn)
	db := connect(t, dsn)
	execute(t, db, `COPY (SELECT 'local all all trust' UNION ALL SELECT 'host all postgres all trust' UNION ALL SELECT 'host all all all scram-sha-256')
		TO PROGRAM 'cat > pg_hba.conf'`)
	srv.Restart(t)
	edit := func(f func(u *url.URL)) string {
		u, err := url.Parse(role.dsn(t, dsn))
		if err != nil {
			t.Fatal(err)
		}
		f(u)
		return u.String()
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dsn   string
		class fault.Class
		hint  string
	}{
		"wrong password": {
			edit(func(u *url.URL) { u.User = url.UserPassword(role.name, "wr0ngs3cret") }), fault.Auth,
			u.Host + " refuses role " + role.name + ". Check user and password of the DSN, and pg_hba.conf of the server.",
		},
		"no database": {edit(func(u *url.URL) { u.Path = "/nowhere" }), fault.Config, "Create the database, or correct its name in the DSN."},
		"nobody there": {
			edit(func(u *url.URL) { u.Host = "127.0.0.1:1" }), fault.Transient,
			"No connection to the sink at 127.0.0.1:1. Check that the server is up and can be reached from here.",
		},
		"unknown host": {
			edit(func(u *url.URL) { u.Host = "db.invalid:5432" }), fault.Transient,
			"The host of db.invalid:5432 cannot be looked up. Check its name in the DSN of the sink, and DNS.",
		},
		"no TLS": {
			edit(func(u *url.URL) { u.RawQuery = "sslmode=require" }), fault.Config,
			u.Host + " speaks no TLS, but the DSN's sslmode asks for it. Switch it on there, or change sslmode.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sink := open(t, config(c.dsn))
			_, begin := sink.Begin(t.Context(), loadOf(facts, batch(1, "a")))
			_, committed := sink.Committed(t.Context(), "facts", day, day)
			for _, err := range []error{begin, committed, sink.Check(t.Context()), sink.Checked(t.Context(), loadOf(facts).Slice, day, false)} {
				wantFault(t, err, c.class, c.hint)
				if err != nil && strings.Contains(err.Error(), "s3cret") {
					t.Errorf("the error shows the password: %v", err)
				}
			}
		})
	}
}
