package postgres

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"exporter/settings"
	"exporter/sinks"
)

// Config is a [sinks.NAME] table with driver = "postgres".
type Config struct {
	DSN          settings.Secret `toml:"dsn"`
	Schema       string          `toml:"schema"`
	LedgerSchema string          `toml:"ledger_schema"`
	GrantSelect  []string        `toml:"grant_select"`
}

var _ sinks.Config = (*Config)(nil)

// maxName is what PostgreSQL keeps of a name; it cuts longer ones silently.
const maxName = 63

// poolSize bounds connections: one per load in flight and a few for the ledger.
const poolSize = 10

// Validate implements sinks.Config. It repeats nothing of the DSN, because where
// a malformed one holds its password cannot be told.
func (c *Config) Validate() []settings.Problem {
	var problems []settings.Problem
	if c.DSN == "" {
		problems = append(problems, settings.Problemf("dsn", `is missing; write dsn = "${WAREHOUSE_DSN}" and set that variable to postgres://user:password@host:5432/database`))
	} else if _, err := c.pool(); err != nil {
		problems = append(problems, settings.Problemf("dsn", "%s", dsnProblem(c.DSN.Reveal(), err)))
	}
	if text := schemaProblem(c.Schema); text != "" {
		problems = append(problems, settings.Problemf("schema", "%s", text))
	}
	if text := schemaProblem(c.LedgerSchema); text != "" {
		problems = append(problems, settings.Problemf("ledger_schema", "%s", text))
	} else if c.LedgerSchema == c.Schema {
		problems = append(problems, settings.Problemf("ledger_schema", "is the schema of the tables too, where a job's table could be named like the ledger; write another name"))
	}
	for i, role := range c.GrantSelect {
		if role == "" || len(role) > maxName || strings.ContainsRune(role, 0) {
			problems = append(problems, settings.Problemf("grant_select["+strconv.Itoa(i)+"]", "is not the name of a role"))
		}
	}
	return problems
}

func schemaProblem(name string) string {
	switch {
	case name == "":
		return `is missing; write the name of a schema, such as "marketing"`
	case len(name) > maxName || strings.ContainsRune(name, 0):
		return "is not the name of a schema: PostgreSQL takes up to 63 bytes"
	case strings.HasPrefix(name, "pg_") || name == "information_schema":
		return "is a schema of PostgreSQL itself; write another name"
	}
	return ""
}

// dsnProblem says what is wrong with a DSN in words that hold none of it, except
// names of files and TLS settings.
func dsnProblem(dsn string, err error) string {
	const escapes = `in a URL, write @ : / ? # % of a password as %40 %3A %2F %3F %23 %25`
	const shape = `is neither a URL (postgres://user:password@host:5432/database) nor key=value pairs (host=… user=… password=… dbname=…); ` + escapes
	var parse *pgconn.ParseConfigError
	if !errors.As(err, &parse) {
		return shape
	}
	inner := errors.Unwrap(parse)
	// The message is the DSN, what is wrong, and the cause, which may quote the DSN.
	text := parse.Error()
	if inner != nil {
		text = strings.TrimSuffix(text, " ("+inner.Error()+")")
	}
	text = text[strings.LastIndex(text, "`: ")+1:]
	for _, known := range []struct{ mark, text string }{
		{"failed to configure TLS", "has TLS settings that cannot be used"},
		{"failed to read service", "names a service that cannot be read"},
		{"invalid port", "has a port that is not a number from 1 to 65535; " + escapes},
		{"port numbers to", "has more ports than hosts"},
		{"connect_timeout", "has a connect_timeout that is not a number of seconds"},
		{"target_session_attrs", "has an unknown target_session_attrs"},
		{"channel_binding", "has an unknown channel_binding"},
		{"sslcertmode", "has an unknown sslcertmode"},
		{"require_auth", "has an unknown require_auth"},
		{"pool_", "has a pool_… setting that cannot be read"},
	} {
		if !strings.Contains(text, known.mark) {
			continue
		}
		if inner != nil && known.mark == "failed to configure TLS" && !strings.Contains(inner.Error(), dsn) {
			return known.text + ": " + inner.Error()
		}
		return known.text
	}
	return shape
}

// connectTimeout is for DSNs without connect_timeout.
const connectTimeout = 10 * time.Second

// pool returns the settings of the connections. It reads files that the DSN or
// the environment name (certificates, pgpass), but opens no connection.
func (c *Config) pool() (*pgxpool.Config, error) {
	dsn := c.DSN.Reveal()
	p, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		p.MaxConns = poolSize
	}
	if p.ConnConfig.ConnectTimeout == 0 {
		p.ConnConfig.ConnectTimeout = connectTimeout // else a server that accepts and stays silent holds us up for ever
	}
	params := p.ConnConfig.RuntimeParams
	params["application_name"] = cmp.Or(params["application_name"], "exporter")
	// Whatever the role or the database has set: what is sent and read here is this.
	params["client_encoding"], params["datestyle"], params["standard_conforming_strings"] = "UTF8", "ISO", "on"
	// A connection that a restart of the server has ended is found out before it is used.
	p.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	// No prepared statements are left in a session: poolers may hand it to others.
	p.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	return p, nil
}

// Target implements sinks.Config.
func (c *Config) Target() string {
	p, err := c.pool()
	if err != nil {
		return "?/" + c.Schema
	}
	return address(&p.ConnConfig.Config) + "/" + p.ConnConfig.Database + "/" + c.Schema
}

// address lists the servers of a DSN.
func address(c *pgconn.Config) string {
	at := func(host string, port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
	list := []string{at(c.Host, c.Port)}
	for _, f := range c.Fallbacks {
		if a := at(f.Host, f.Port); !slices.Contains(list, a) { // one with and one without TLS is one server
			list = append(list, a)
		}
	}
	return strings.Join(list, ",")
}
