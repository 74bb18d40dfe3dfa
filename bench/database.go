package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"exporter/sinks/postgres/pgserver"
)

// database is a database of the suite's server, owned by the role that exporter
// logs in as.
type database struct {
	server *pgserver.Server
	dsn    string // as a superuser
	role   string // the same, as exporter
}

func (s *suite) database(ctx context.Context, name string) (*database, error) {
	if err := pgserver.Execute(ctx, s.server.DSN(), "CREATE DATABASE "+name+" OWNER bench"); err != nil {
		return nil, err
	}
	dsn, err := pgserver.WithDatabase(s.server.DSN(), name)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	u.User = url.User("bench")
	return &database{server: s.server, dsn: dsn, role: u.String()}, nil
}

func (s *suite) dropDatabase(ctx context.Context, name string) error {
	return pgserver.Execute(ctx, s.server.DSN(), "DROP DATABASE "+name+" WITH (FORCE)")
}

// do runs statements, each in a transaction of its own.
func (d *database) do(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if err := pgserver.Execute(ctx, d.dsn, sql); err != nil {
			return err
		}
	}
	return nil
}

// number asks for one number.
func (d *database) number(ctx context.Context, sql string) (int64, error) {
	text, err := d.text(ctx, sql)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// text asks for one text.
func (d *database) text(ctx context.Context, sql string) (text string, err error) {
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, "SELECT ("+sql+")::text").Scan(&text)
	return text, err
}

// psql runs the client with a few commands in one session.
func (d *database) psql(ctx context.Context, commands ...string) (client, error) {
	args := []string{"--quiet"}
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	cmd, err := d.server.Psql(ctx, d.dsn, args...)
	if err != nil {
		return client{}, err
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	c, err := measured(ctx, cmd)
	if err != nil {
		return c, fmt.Errorf("psql: %w\n%s", err, problems.Bytes())
	}
	return c, nil
}

// lock keeps exporter out and lets it in again: a database that is down for it,
// without what a restart costs the one who comes first.
func (d *database) lock(ctx context.Context, out bool) error {
	word := map[bool]string{false: "LOGIN", true: "NOLOGIN"}[out]
	return d.do(ctx, "ALTER ROLE bench "+word)
}

// settle gives both of a pair the same start: what was written before is on disk.
func (d *database) settle(ctx context.Context) error { return d.do(ctx, "CHECKPOINT") }

// columns lists the columns of exporter's table, without lineage.
func (d *database) columns(ctx context.Context) ([]string, error) {
	list, err := d.text(ctx, `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'marketing.facts'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('_slice', '_loaded_at')`)
	return strings.Split(list, ", "), err
}

// copyBinary brings a file in COPY's binary format into a table.
func copyBinary(ctx context.Context, tx pgx.Tx, table, file string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = tx.Conn().PgConn().CopyFrom(ctx, f, "COPY "+table+" FROM STDIN (FORMAT binary)")
	return err
}

// dumpBinary writes the rows of a query into such a file.
func (d *database) dumpBinary(ctx context.Context, query, file string) (err error) {
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = conn.PgConn().CopyTo(ctx, f, "COPY ("+query+") TO STDOUT (FORMAT binary)")
	return err
}
