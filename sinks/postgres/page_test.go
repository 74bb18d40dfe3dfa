package postgres_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/sinks/postgres/pgtest"
)

var update = flag.Bool("update", false, "write the tables of ../LEDGER.md anew")

// TestLedgerPage: the page about the ledger says what the database says.
func TestLedgerPage(t *testing.T) {
	const path, mark = "../LEDGER.md", "<!-- from the comments of the database: go test ./sinks/postgres -run LedgerPage -update -->\n"
	dsn := pgtest.Start(t).Database(t)
	bring(t, open(t, config(dsn)), batch(1, "a"))
	var want strings.Builder
	db := connect(t, dsn)
	for _, relation := range []string{"slices", "runs", "restatements", "freshness", "schema_changes", "renames", "progress"} {
		fmt.Fprintf(&want, "\n## %s\n\n%s\n\n| column | type | what |\n|---|---|---|\n", relation, ask(t, db, "SELECT obj_description('exporter."+relation+"'::regclass)"))
		rows, err := db.Query(t.Context(), `SELECT format('| `+"`%s`"+` | %s | %s |', attname, format_type(atttypid, NULL), replace(col_description(attrelid, attnum), '|', '\|'))
			FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, "exporter."+relation)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		want.WriteString(strings.Join(lines, "\n") + "\n")
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, got, found := strings.Cut(string(page), mark)
	if !found {
		t.Fatalf("%s has no line %s", path, mark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+mark+want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want.String(), got); d != "" {
		t.Errorf("%s (-the database +the page):\n%s", path, d)
	}
}
