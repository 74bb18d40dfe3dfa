package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"exporter/fault"
)

var (
	// ErrLost means that another process took the executor lease over.
	ErrLost = errors.New("the executor lease is lost")
	// ErrStale means that a write came from a run that is not running any more:
	// it was closed as a zombie, or finished.
	ErrStale = errors.New("the run is not running")
	// ErrTransition means that a slice may not go from its state to the new one.
	ErrTransition = errors.New("no such transition")
)

type cause struct {
	class  fault.Class
	text   string
	hint   string // %s is the path of the state
	passes bool   // of a state that this process could write before: it may be so again, with nothing wrong in the configuration
}

// causes explains SQLite's result codes by their lowest byte.
var causes = map[int]cause{
	sqlite3.SQLITE_BUSY: {
		fault.Transient, "another program keeps it locked",
		"End the program that has %s open in a transaction (a database shell, a backup); \"fuser -v\" on the file names it.", true,
	},
	sqlite3.SQLITE_LOCKED: {
		fault.Transient, "it is locked",
		"End the program that has %s open in a transaction.", true,
	},
	sqlite3.SQLITE_READONLY: {
		fault.Config, "it cannot be written",
		"Let the user of the exporter write %[1]s, its folder, %[1]s-wal and %[1]s-shm, on a file system that is not mounted read-only.", true,
	},
	sqlite3.SQLITE_CANTOPEN: {
		fault.Config, "it cannot be opened",
		"Let the user of the exporter read and write %[1]s, its folder, %[1]s-wal and %[1]s-shm.", true,
	},
	sqlite3.SQLITE_PERM: {
		fault.Config, "access is denied",
		"Let the user of the exporter read and write %[1]s and its folder.", true,
	},
	sqlite3.SQLITE_FULL: {
		fault.Permanent, "the disk is full",
		"Free space on the file system of %s. Nothing that was committed is lost.", true,
	},
	sqlite3.SQLITE_IOERR: {
		fault.Permanent, "the disk reports an error",
		"Check the disk of %s (space, quota, kernel log).", true,
	},
	sqlite3.SQLITE_NOTADB: {
		fault.Config, "it is not an exporter state",
		"Name another file in state of [exporter]. If %[1]s was a state and is damaged, move it away: a new one is filled in from the sinks, tokens need \"exporter auth login\".", false,
	},
	sqlite3.SQLITE_CORRUPT: {
		fault.Permanent, "it is damaged",
		"Restore a backup, or move %[1]s, %[1]s-wal and %[1]s-shm away: a new state is filled in from the sinks, tokens need \"exporter auth login\".", false,
	},
}

// classify wraps err with what was done and, where SQLite says why, with the
// class and hint of that reason.
func (s *Store) classify(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return fmt.Errorf("%s: %w", what, err)
	}
	c, ok := causes[se.Code()&0xff]
	if !ok {
		return fmt.Errorf("%s: state %s: %w", what, s.path, err)
	}
	class := c.class
	if c.passes && s.written.Load() {
		class = fault.Transient
	}
	return fault.New(class, "%s: state %s: %s: %w", what, s.path, c.text, err).WithHint(c.hint, s.path)
}

// classifyFile does the same for errors of the operating system.
func classifyFile(err error, what, path string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.New(fault.Config, "%s %s: %w", what, path, err).
			WithHint("Let user %d write %s and its folder, on a file system that is not mounted read-only, or name another file.", os.Geteuid(), path)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.Permanent, "%s %s: %w", what, path, err).
			WithHint("Free space on the file system of %s.", path)
	default:
		return fmt.Errorf("%s %s: %w", what, path, err)
	}
}
