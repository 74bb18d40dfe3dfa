package state

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"exporter/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID is in the header of every state file ("EXPS"); migration 1 sets it.
const applicationID = 0x45585053

const pollEvery = 20 * time.Millisecond

// migrate brings the file to the schema of this program: forward only, under the
// executor's OS lock, so that no executor of an older program is at work on it.
// In the usual case, the schema being current, it only reads.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	up, err := goose.NewProvider(goose.DialectSQLite3, s.full, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	known := up.ListSources()
	target := known[len(known)-1].Version

	if current, err := s.current(ctx, target); err != nil || current {
		return err
	}
	lock, err := s.awaitMigration(ctx, target)
	if err != nil || lock == nil {
		return err
	}
	return errors.Join(s.apply(ctx, up, target), lock.close())
}

// awaitMigration returns the OS lock, or nil if another process migrated meanwhile.
func (s *Store) awaitMigration(ctx context.Context, target int64) (*fileLock, error) {
	deadline, cancel := context.WithTimeout(ctx, s.busy)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		lock, err := tryLock(s.lockPath())
		if err != nil || lock != nil {
			return lock, err
		}
		if current, err := s.current(ctx, target); err != nil || current {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-deadline.Done():
			if ctx.Err() != nil {
				return nil, fmt.Errorf("migrate state %s: %w", s.path, context.Cause(ctx))
			}
			return nil, fault.New(fault.Transient, "migrate state %s to schema %d: another exporter is at work on it", s.path, target).
				WithHint("Stop the running exporter of the older version, then start again.")
		}
	}
}

func (s *Store) apply(ctx context.Context, up *goose.Provider, target int64) error {
	// Another process may have been here between our look and our lock.
	if current, err := s.current(ctx, target); err != nil || current {
		return err
	}
	var mode string
	if err := s.full.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return s.classify(ctx, err, "migrate")
	}
	if mode != "wal" {
		return fault.New(fault.Config, "open state %s: its file system does not support shared memory (journal mode %s)", s.path, mode).
			WithHint("Keep the state on a local disk, not on a network share.")
	}
	if _, err := up.Up(ctx); err != nil {
		return s.classify(ctx, err, "migrate")
	}
	return nil
}

// current reports whether the schema is the wanted one, and refuses files that
// are newer or not ours.
func (s *Store) current(ctx context.Context, target int64) (bool, error) {
	var id, others, versions int64
	err := s.read.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id),
		       (SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'),
		       (SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version')`).
		Scan(&id, &others, &versions)
	if err != nil {
		return false, s.classify(ctx, err, "open")
	}
	if id != applicationID {
		if id != 0 || others != 0 {
			return false, fault.New(fault.Config, "open state %s: it is a database of another program", s.path).
				WithHint("Name another file in state of [exporter]; sinks need a file of their own.")
		}
		return false, nil
	}
	if versions == 0 {
		return false, fault.New(fault.Permanent, "open state %s: it does not say which schema it has", s.path).
			WithHint("Restore a backup, or move it away: a new state is filled in from the sinks, tokens need \"exporter auth login\".")
	}
	var have int64
	if err := s.read.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
		return false, s.classify(ctx, err, "open")
	}
	if have > target {
		return false, fault.New(fault.Config, "open state %s: a newer exporter wrote it (schema %d, this one knows %d)", s.path, have, target).
			WithHint("Use the newer exporter, or restore a backup made before the update.")
	}
	var mode string // a restored backup is not in wal mode
	if err := s.read.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return false, s.classify(ctx, err, "open")
	}
	return have == target && mode == "wal", nil
}
