package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exporter/fault"
)

// SQLSTATEs that are asked for by name.
const (
	undefinedTable  = "42P01"
	undefinedSchema = "3F000"
	denied          = "42501"
	lockTimeout     = "55P03"
	uniqueViolation = "23505"
	unsupported     = "0A000"
	noPartition     = "23514" // and violated CHECK constraints, which have a name
)

// states maps the server's SQLSTATEs to classes; the longest prefix counts, and
// what is not here is permanent. {at} stands for the server, {user} for the role.
var states = []struct {
	prefix string
	class  fault.Class
	hint   string
}{
	{"08", fault.Transient, "The connection to {at} broke off. It is tried again."},
	{"22", fault.Data, "PostgreSQL cannot store a value of this slice."},
	{"23", fault.Permanent, "A constraint that somebody added to the table refuses the rows. Drop it, or let the owner relax it."},
	{"23503", fault.Permanent, "A foreign key refuses the rows. Rows that are replaced are away for a moment, which a key to them allows once its owner runs: ALTER TABLE … ALTER CONSTRAINT … DEFERRABLE; for a key of the table itself, load what it points to first, or drop it."},
	{"25006", fault.Transient, "{at} takes no writes, as a standby does. Point the DSN at the primary, or add target_session_attrs=read-write."},
	{"25P03", fault.Transient, "idle_in_transaction_session_timeout of role {user} is shorter than a pause of the load. Raise it for that role."},
	{"28", fault.Auth, "{at} refuses role {user}. Check user and password of the DSN, and pg_hba.conf of the server."},
	{"3D000", fault.Config, "Create the database, or correct its name in the DSN."},
	{"40", fault.Transient, ""},
	{"40P01", fault.Transient, "Somebody's transaction and this load waited for each other's rows, and the server ended the load. It is tried again."},
	{denied, fault.Auth, "Role {user} lacks a right. Let the owner or an administrator grant it; `exporter validate --connect` tells whether all are there."},
	{"42703", fault.Transient, "Somebody dropped a column during the load. It is tried again."},
	{"42704", fault.Config, "Create the role that is named in grant_select, or take it out."},
	{"53", fault.Transient, "{at} is short of resources."},
	{"53100", fault.Transient, "The disk of {at} is full. Free space there; the load is tried again."},
	{"53300", fault.Transient, "{at} has no connection left. Raise max_connections, or limit this sink with ?pool_max_conns=4 in its DSN."},
	{lockTimeout, fault.Transient, "Somebody holds a lock on the table; look for it in pg_stat_activity."},
	{"54", fault.Data, "A row is longer than PostgreSQL stores: of many columns about 8 kB stay in the row itself. Leave columns out: write \"drop\" for them in [jobs.NAME.columns]."},
	{"57014", fault.Transient, "The statement was cancelled by somebody, or by statement_timeout of role {user}."},
	{"57P", fault.Transient, "{at} is shutting down or starting."},
}

// wrap gives an error of the driver its class and hint and says what was done
// when it came. An error that has a class keeps it.
func (s *sink) wrap(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, stopped(ctx))
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %w", what, err)
	}
	class, hint := classify(err)
	hint = strings.NewReplacer("{at}", s.at, "{user}", s.user).Replace(hint)
	return &fault.Error{Class: class, Msg: what, Hint: hint, Err: briefly(err)}
}

// stopped returns the reason why ctx ended, still recognisable as a context's end.
func stopped(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func classify(err error) (fault.Class, string) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if pg.Code == noPartition && pg.ConstraintName == "" {
			return fault.Config, "The table is partitioned, and no partition takes the rows. Let its owner add one (CREATE TABLE … PARTITION OF …), for example a DEFAULT partition."
		}
		class, hint, longest := fault.Permanent, "", 0
		for _, s := range states {
			if strings.HasPrefix(pg.Code, s.prefix) && len(s.prefix) > longest {
				class, hint, longest = s.class, s.hint, len(s.prefix)
			}
		}
		return class, hint
	}
	if class, hint, ok := unreachable(err); ok {
		return class, hint
	}
	return fault.ClassOf(err), ""
}

// unconnected is a connection that was not to be had, said once: the driver's own text
// names role, database and address, the address twice.
type unconnected struct {
	dial *net.OpError
	err  error
}

// Error implements error.
func (u *unconnected) Error() string { return u.dial.Error() }

// Unwrap returns the driver's error.
func (u *unconnected) Unwrap() error { return u.err }

func briefly(err error) error {
	var connect *pgconn.ConnectError
	var dial *net.OpError
	if errors.As(err, &connect) && errors.As(err, &dial) && dial.Op == "dial" {
		return &unconnected{dial, err}
	}
	return err
}

// unreachable sorts failures of the connection itself.
func unreachable(err error) (fault.Class, string, bool) {
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var connect *pgconn.ConnectError
	var network net.Error
	var number syscall.Errno
	switch {
	case errors.As(err, &certificate):
		return fault.Config, "The certificate of {at} is not trusted. Name the authority with sslrootcert in the DSN, or correct the host.", true
	case errors.As(err, &name):
		return fault.Transient, "The host of {at} cannot be looked up. Check its name in the DSN of the sink, and DNS.", true
	case errors.As(err, &connect) && strings.Contains(err.Error(), "refused TLS"):
		return fault.Config, "{at} speaks no TLS, but the DSN's sslmode asks for it. Switch it on there, or change sslmode.", true
	case errors.As(err, &connect):
		return fault.Transient, "No connection to the sink at {at}. Check that the server is up and can be reached from here.", true
	case errors.As(err, &network), errors.As(err, &number), errors.Is(err, pgconn.ErrConnClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fault.Transient, "The connection to {at} broke off. It is tried again.", true
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return fault.Transient, "", true
	}
	return "", "", false
}

// is reports whether err is one of the given SQLSTATEs.
func is(err error, codes ...string) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	for _, c := range codes {
		if pg.Code == c {
			return true
		}
	}
	return false
}
