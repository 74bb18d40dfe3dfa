package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"exporter/fault"
)

// causes explains SQLite's result codes by their lowest byte; {path} stands for
// the file, {dir} for its folder.
var causes = map[int]struct {
	class fault.Class
	text  string
	hint  string
}{
	sqlite3.SQLITE_BUSY: {
		fault.Transient, "another program keeps it locked",
		`End the program that has {path} open in a transaction (a database shell, a backup, another exporter); "fuser -v" on the file names it. The load is tried again.`,
	},
	sqlite3.SQLITE_LOCKED: {
		fault.Transient, "it is locked",
		"End the program that has {path} open in a transaction. The load is tried again.",
	},
	sqlite3.SQLITE_READONLY: {
		fault.Config, "it cannot be written",
		"Let the user of the exporter write {path}, {dir}, {path}-wal and {path}-shm, on a file system that is not mounted read-only.",
	},
	sqlite3.SQLITE_CANTOPEN: {
		fault.Config, "it cannot be opened",
		"Let the user of the exporter read and write {path}, {dir}, {path}-wal and {path}-shm.",
	},
	sqlite3.SQLITE_PERM: {
		fault.Config, "access is denied",
		"Let the user of the exporter read and write {path} and {dir}.",
	},
	sqlite3.SQLITE_FULL: {
		fault.Transient, "the disk is full",
		"Free space for {path}, and for the rows on their way in the folder of temporary files (TMPDIR, else /var/tmp). Nothing that was committed is lost; the load is tried again.",
	},
	sqlite3.SQLITE_IOERR: {
		fault.Transient, "the disk reports an error",
		"Check the disk of {path} (space, quota, kernel log). The load is tried again.",
	},
	sqlite3.SQLITE_NOTADB: {
		fault.Config, "it is not an SQLite database",
		"Name another file in path of the sink.",
	},
	sqlite3.SQLITE_CORRUPT: {
		fault.Permanent, "it is damaged",
		"Restore a backup, or move {path}, {path}-wal and {path}-shm away and load the slices again (backfill).",
	},
	sqlite3.SQLITE_CONSTRAINT: {
		fault.Permanent, "a constraint refuses the rows",
		"Somebody added a constraint, a unique index or a trigger to the table. Drop it.",
	},
	sqlite3.SQLITE_TOOBIG: {
		fault.Data, "a value is too large for it",
		`SQLite stores values of up to a billion bytes. Drop the column: write "drop" for it in [jobs.NAME.columns].`,
	},
}

// wrap gives an error its class and hint and says what was done when it came. An
// error that has a class keeps it.
func (s *sink) wrap(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if ctx.Err() != nil {
		if !errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx)) { // else it says so already, and more
			err = stopped(ctx)
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	var known *fault.Error
	var se *sqlite.Error
	if errors.As(err, &known) || !errors.As(err, &se) {
		return fmt.Errorf("%s: %w", what, err)
	}
	c, ok := causes[se.Code()&0xff]
	if !ok {
		return fault.New(fault.Permanent, "%s: %s: %w", what, s.path, err)
	}
	return fault.New(c.class, "%s: %s: %s: %w", what, s.path, c.text, err).WithHint("%s", s.fill(c.hint))
}

func (s *sink) fill(hint string) string {
	return strings.NewReplacer("{path}", s.path, "{dir}", s.dir()).Replace(hint)
}

// stopped returns the reason why ctx ended, still recognisable as a context's end.
func stopped(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// is reports whether err has one of SQLite's result codes, whatever their extension.
func is(err error, codes ...int) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	for _, c := range codes {
		if se.Code()&0xff == c {
			return true
		}
	}
	return false
}

// fileError classifies errors of the operating system.
func (s *sink) fileError(err error, what string) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.New(fault.Config, "%s %s: %w", what, s.path, err).
			WithHint("Let user %d write %s and its folder, on a file system that is not mounted read-only, or name another file in path of the sink.", os.Geteuid(), s.path)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		return fault.New(fault.Config, "%s %s: %w", what, s.path, err).WithHint("Correct path of the sink.")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.Transient, "%s %s: %w", what, s.path, err).
			WithHint("Free space on the file system of %s.", s.path)
	}
	return fault.New(fault.Transient, "%s %s: %w", what, s.path, err)
}
