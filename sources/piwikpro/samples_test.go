package piwikpro_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exporter/record"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// TestSamples replays rows of the vendor's demonstration site where there are any:
// the folder is named by the environment, because they belong to their authors. A
// script wrote them down, so they are turned back into the answers they came in.
func TestSamples(t *testing.T) {
	folder := os.Getenv("EXPORTER_VENDOR_SAMPLES")
	if folder == "" {
		return
	}
	folder = filepath.Join(folder, "piwikpro")
	for name, test := range map[string]struct {
		options func(columns []string) sources.Options
		rows    int
		wide    bool           // ids beyond 63 bits
		nulls   map[string]int // columns and how often they are null
	}{
		"query":    {func(c []string) sources.Options { return &piwikpro.QueryOptions{Columns: c} }, 2008, false, map[string]int{"timestamp_to_date": 0, "sessions": 0}},
		"sessions": {func(c []string) sources.Options { return piwikpro.Sessions(piwikpro.RawOptions{Columns: c[3:]}) }, 2000, true, map[string]int{"session_id": 0, "timestamp": 0, "session_goals": 0}},
		"events":   {func(c []string) sources.Options { return piwikpro.Events(piwikpro.RawOptions{Columns: c[4:]}) }, 3031, true, map[string]int{"event_id": 0, "goal_id_label": 2983}},
	} {
		t.Run(name, func(t *testing.T) {
			body, columns := answerOf(t, filepath.Join(folder, "demo-site-2021q1", name+".csv"))
			o := test.options(columns)
			batch, rejects, count, err := batcher(t, o).Batch(body)
			if err != nil || batch.Rows() != test.rows || rejects.Rows() != 0 || count != int64(test.rows) {
				t.Fatalf("got %d rows and %d rejects of %d, %v, want %d rows", batch.Rows(), rejects.Rows(), count, err, test.rows)
			}
			c := newConfig()
			c.BaseURL, c.ClientID, c.ClientSecret = "https://acme.piwik.pro", "client", clientSecret
			table := stream(t, open(t, c, o, sources.Deps{})).Tables[0]
			wide := false
			for col, column := range table.Columns {
				nulls := 0
				for row := range batch.Rows() {
					cell, null := batch.Cell(row, col)
					if null {
						nulls++
					}
					_, err := record.ParseInteger(cell)
					wide = wide || err != nil && slices.Contains([]string{"session_id", "event_id"}, column.Name)
				}
				if want, known := test.nulls[column.Name]; known && nulls != want {
					t.Errorf("%s: %d nulls, want %d", column.Name, nulls, want)
				}
			}
			if wide != test.wide {
				t.Errorf("ids beyond 63 bits: %t, want %t", wide, test.wide)
			}
		})
	}
	t.Run("documented columns", func(t *testing.T) { documented(t, filepath.Join(folder, "columns")) })
}

// answerOf writes an answer with the rows of a file.
func answerOf(t *testing.T, path string) (body []byte, columns []string) {
	t.Helper()
	file := sourcetest.Must[*os.File](t)(os.Open(path))
	all := sourcetest.Must[[][]string](t)(csv.NewReader(file).ReadAll())
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	names := sourcetest.Must[[]byte](t)(json.Marshal(all[0]))
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i, row := range all[1:] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('[')
		for k, cell := range row {
			if k > 0 {
				b.WriteByte(',')
			}
			b.WriteString(asJSON(t, all[0][k], cell))
		}
		b.WriteByte(']')
	}
	fmt.Fprintf(&b, `],"meta":{"columns":%s,"count":%d}}`, names, len(all)-1)
	for _, name := range all[0] {
		columns = append(columns, strings.Replace(name, "__", ".", 1))
	}
	return b.Bytes(), columns
}

// asJSON undoes what the script did: lists in the words of Python, nulls as nothing,
// whole numbers that may be null with a fraction.
func asJSON(t *testing.T, column, cell string) string {
	t.Helper()
	number := strings.HasSuffix(column, "_index") || strings.HasPrefix(column, "visitor_days") || strings.HasPrefix(column, "session_total") ||
		slices.Contains([]string{"events", "visitors", "sessions", "page_views", "ecommerce_conversions", "cart_additions", "ecommerce_abandoned_carts", "consents_none", "consents_full", "visitor_session_number"}, column)
	switch {
	case strings.HasPrefix(cell, "["):
		text := strings.ReplaceAll(cell, "None", "null")
		if !strings.Contains(text, `"`) {
			text = strings.ReplaceAll(text, "'", `"`)
		} else { // a label with an apostrophe
			text = strings.Replace(strings.Replace(text, "['", `["`, 1), "', ", `", `, 1)
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s: %s is no list", column, cell)
		}
		return text
	case number && cell == "":
		return "null"
	case number:
		return strings.TrimSuffix(cell, ".0")
	}
	return string(sourcetest.Must[[]byte](t)(json.Marshal(cell)))
}

// documented checks the list of columns in the code against the vendor's.
func documented(t *testing.T, folder string) {
	for file, metric := range map[string]bool{"dimensions.csv": false, "metrics.csv": true} {
		in := sourcetest.Must[*os.File](t)(os.Open(filepath.Join(folder, file)))
		all := sourcetest.Must[[][]string](t)(csv.NewReader(in).ReadAll())
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		typ := slices.Index(all[0], "type")
		for _, row := range all[1:] {
			id := strings.ReplaceAll(row[0], "*", "7")
			kind, isMetric, known := piwikpro.Documented(id)
			if !known || isMetric != metric {
				t.Errorf("%s: known %t, metric %t, want a metric %t", id, known, isMetric, metric)
			}
			pair := strings.HasPrefix(row[typ], "[")
			if pair != strings.HasSuffix(kind, "_pair") || strings.HasPrefix(row[typ], "array") != (kind == "array") || (row[typ] == "float") != (kind == "decimal") {
				t.Errorf("%s is %s, the vendor says %s", id, kind, row[typ])
			}
		}
	}
}
