package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/record"
	"exporter/sinks/postgres/pgtest"
)

// TestJSONThatPostgresRefuses: whatever is valid JSON is stored.
func TestJSONThatPostgresRefuses(t *testing.T) {
	nines := strings.Repeat("9", 140_000)
	cells := [][2]string{
		{`"a\u0000b"`, `"ab"`},
		{`{"\u0000k": ["\u0000"]}`, `{"k": [""]}`},
		{`"\\u0000"`, `"\\u0000"`},
		{`"\\\u0000"`, `"\\"`},
		{`"\ud83d\ude42"`, `"🙂"`},
		{`"\ud83d"`, `"�"`},
		{`"\ud83dx"`, `"�x"`},
		{`"\ud83d\u0041"`, `"�A"`},
		{`"\ud83d\ud83d\ude42"`, `"�🙂"`},
		{`"\ude42\ud83d"`, `"��"`},
		{`"\uDE42\u0000\uD83D"`, `"��"`},
		{`"\"\u0000\""`, `"\"\""`},
		{`[1e5, 1E-3, -1.5e+2]`, `[100000, 0.001, -150]`},
		{`[1e400000, -1e-99999, 0]`, `["1e400000", "-1e-99999", 0]`},
		{`1e99999999999999999999`, `"1e99999999999999999999"`},
		{`{"n": ` + nines + `}`, `{"n": "` + nines + `"}`},
		{`"1e400000 in a string \" 1e400000"`, `"1e400000 in a string \" 1e400000"`},
		{strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
		{` { } `, `{}`},
	}
	shape := record.Table{Columns: []record.Column{{Name: "n", Type: record.Integer}, {Name: "j", Type: record.JSON}}}
	b := record.NewBuilder(0, shape, nil)
	var want []string
	for i, c := range cells {
		b.Integer(int64(i))
		b.Raw([]byte(c[0]))
		if !b.EndRow(func() []byte { return nil }) {
			t.Fatalf("%.60s is no JSON", c[0])
		}
		want = append(want, c[1])
	}
	rows, _ := b.Take()
	dsn := pgtest.Start(t).Database(t)
	bringShape(t, open(t, config(dsn)), shape, &rows)
	answer, err := connect(t, dsn).Query(t.Context(), "SELECT j::text FROM marketing.facts ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(answer, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
}
