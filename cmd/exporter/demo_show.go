package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"exporter/sinks"
)

// loadedObject is a table that the demo loaded.
type loadedObject struct {
	Type  string `json:"type"` // loaded
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// demoObject is what the demo leaves, and a query to try with its result.
type demoObject struct {
	Type     string     `json:"type"` // demo
	Config   string     `json:"config"`
	Database string     `json:"database"`
	Lake     string     `json:"lake"`
	Query    string     `json:"query"`
	Columns  []string   `json:"columns"`
	Rows     [][]string `json:"rows"`
}

//go:embed demo.sql
var demoSQL string

// showDemo prints the tables, a query with its result, and how to go on.
func (p *program) showDemo(ctx context.Context, dir string) (err error) {
	path, err := filepath.Abs(filepath.Join(dir, demoDatabase))
	if err != nil {
		return fmt.Errorf("find the demo's tables: %w", err)
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro"}
	db, err := sql.Open("sqlite", dsn.String()) // the driver comes with the sink
	if err != nil {
		return fmt.Errorf("open the demo's tables: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	loaded, err := loadedTables(ctx, db)
	if err != nil {
		return fmt.Errorf("count the demo's rows: %w", err)
	}
	query := strings.TrimSpace(demoSQL)
	columns, rows, err := queried(ctx, db, query)
	if err != nil {
		return fmt.Errorf("try a query on the demo's tables: %w", err)
	}
	if p.out.json {
		for _, t := range loaded {
			p.out.object(t)
		}
		p.out.object(demoObject{
			Type: "demo", Config: p.flags.config, Database: filepath.Join(dir, demoDatabase), Lake: filepath.Join(dir, demoLake), Query: query, Columns: columns, Rows: rows,
		})
		return nil
	}
	p.out.text("\n")
	var counts [][]string
	for _, t := range loaded {
		counts = append(counts, []string{t.Table, number(t.Rows)})
	}
	p.out.table([]string{"table", "rows"}, counts)
	p.out.text("\nA query to try: sqlite3 %s\n\n%s\n\n", filepath.Join(dir, demoDatabase), query)
	p.out.table(columns, rows)
	p.out.text("\nThe same rows are in Parquet files, for DuckDB and others:\n\n%s\n", demoParquet(dir))
	p.out.text("\n%s", demoNext(p.flags.config))
	return nil
}

// demoParquet is a query for DuckDB on what is in the lake.
func demoParquet(dir string) string {
	return fmt.Sprintf("SELECT dt, count(*), sum(revenue) FROM '%s/conversions/dt=*/*.parquet' GROUP BY dt ORDER BY dt;", filepath.ToSlash(filepath.Join(dir, demoLake)))
}

func demoNext(config string) string {
	return fmt.Sprintf(`To look around:  exporter --config %s slices conversions
To go on:        exporter init                  # writes a jobs.toml for your own account
                 exporter auth login SOURCE     # connects it, where that takes a browser
                 exporter serve                 # runs its jobs every night
`, config)
}

// loadedTables counts the rows of every table that jobs loaded.
func loadedTables(ctx context.Context, db *sql.DB) ([]loadedObject, error) {
	_, names, err := queried(ctx, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'exporter!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var all []loadedObject
	for _, row := range names {
		if strings.HasSuffix(row[0], sinks.RejectsSuffix) {
			continue
		}
		t := loadedObject{Type: "loaded", Table: row[0]}
		// The names are those of the demo's own jobs.
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM "`+t.Table+`"`).Scan(&t.Rows); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// queried returns the result of a query as texts.
func queried(ctx context.Context, db *sql.DB, query string) (columns []string, all [][]string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		texts := make([]string, len(columns))
		for i, c := range cells {
			texts[i] = c.String
		}
		all = append(all, texts)
	}
	return columns, all, rows.Err()
}
