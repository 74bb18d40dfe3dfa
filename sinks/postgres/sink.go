package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exporter/fault"
	"exporter/sinks"
)

type sink struct {
	pool    *pgxpool.Pool
	schema  string
	ledger  string
	readers []string // grant_select
	at      string   // host:port, for messages
	user    string
	queue   gate
	pace    pace
}

var (
	_ sinks.Sink    = (*sink)(nil)
	_ sinks.Fitter  = (*sink)(nil)
	_ sinks.Renamer = (*sink)(nil)
)

// pace bounds the sink's own waits. Everything else waits as long as its context.
type pace struct {
	// A DDL statement waits this long for readers, and others queue behind it meanwhile.
	// It is more than deadlock_timeout (1 s), after which an autovacuum that is in the
	// way gives up.
	lock    time.Duration
	tries   uint          // of a DDL transaction that found the table locked
	resolve uint          // looks at the ledger after a lost commit reply
	cleanup time.Duration // for rolling back, and for each look at the ledger
	first   time.Duration // delay after the first try, growing to last
	last    time.Duration
}

func defaultPace() pace {
	return pace{
		lock: 1100 * time.Millisecond, tries: 6, resolve: 15, cleanup: 10 * time.Second,
		first: 200 * time.Millisecond, last: 3 * time.Second,
	}
}

// open prepares a sink. It does not connect.
func open(ctx context.Context, c *Config) (*sink, error) {
	p, err := c.pool()
	if err != nil {
		return nil, fault.New(fault.Config, "dsn %s", dsnProblem(c.DSN.Reveal(), err))
	}
	pool, err := pgxpool.NewWithConfig(ctx, p)
	if err != nil {
		return nil, fault.New(fault.Config, "open connection pool: %w", err)
	}
	return &sink{
		pool: pool, schema: c.Schema, ledger: c.LedgerSchema, readers: c.GrantSelect,
		at: address(&p.ConnConfig.Config), user: p.ConnConfig.User, pace: defaultPace(),
	}, nil
}

// Begin implements sinks.Sink.
func (s *sink) Begin(ctx context.Context, load sinks.Load) (sinks.Writer, error) {
	if err := refuse(load); err != nil {
		return nil, fmt.Errorf("begin load: %w", err)
	}
	if err := s.ensure(ctx); err != nil {
		return nil, fmt.Errorf("prepare ledger: %w", err)
	}
	f, err := s.fence(ctx, load.Slice)
	if err != nil {
		return nil, err
	}
	fits := make(map[string]sinks.Fit)
	for _, want := range load.Wanted() {
		if fits[want.Name], err = s.fit(ctx, want, load.Notify); err != nil {
			return nil, fmt.Errorf("fit table %s.%s: %w", s.schema, want.Name, err)
		}
	}
	if load.Mode == sinks.Append {
		if err := s.refuseCommitted(ctx, load, f); err != nil {
			return nil, err
		}
	}
	return newWriter(ctx, s, load, f, fits), nil
}

// refuse names what in a load cannot be loaded here.
func refuse(load sinks.Load) error {
	if err := load.Refuse("postgres", modes); err != nil {
		return err
	}
	for _, t := range load.Tables {
		if most := maxName - len(sinks.RejectsSuffix); t.Name == "" || len(t.Name) > most {
			return fault.New(fault.Config, "table name %q has %d bytes, PostgreSQL leaves room for 1 to %d", t.Name, len(t.Name), most).
				WithHint("Set a shorter table in the job.")
		}
	}
	return nil
}

// inTx runs do in a transaction of its own.
func (s *sink) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := s.pool.BeginTx(ctx, readCommitted)
	if err != nil {
		return s.wrap(ctx, err, "begin transaction")
	}
	if err := do(tx); err != nil {
		return errors.Join(err, s.rollback(ctx, tx))
	}
	return s.wrap(ctx, tx.Commit(ctx), "commit transaction")
}

// readCommitted holds whatever default the role has: every statement must see
// what was committed while it waited for a lock.
var readCommitted = pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}

// rollback ends tx also when ctx is done. A connection that is gone has been
// rolled back by the server.
func (s *sink) rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.pace.cleanup)
	defer cancel()
	err := tx.Rollback(ctx)
	if err == nil || errors.Is(err, pgx.ErrTxClosed) || tx.Conn().IsClosed() {
		return nil
	}
	return s.wrap(ctx, err, "roll back")
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	s.pool.Close()
	return nil
}
