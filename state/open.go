package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver

	"exporter/settings"
)

const (
	defaultExpiry = 15 * time.Second
	defaultBusy   = 10 * time.Second
	readers       = 4
)

// Options of [Open]. The zero value works.
type Options struct {
	// Key encrypts stored tokens: age identities (AGE-SECRET-KEY-1…, one a line,
	// the first encrypts) or any other text as a passphrase. Empty means the key
	// file <path>.key, made with mode 0600 when the first token is stored.
	Key    settings.Secret
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default: discard
	Expiry time.Duration    // of the executor lease without renewal; default 15 s, renewed every third of it
	Busy   time.Duration    // how long to wait for another program's lock; default 10 s
}

// Store is an open state. Its methods are safe for concurrent use.
type Store struct {
	path   string
	now    func() time.Time
	log    *slog.Logger
	expiry time.Duration
	busy   time.Duration
	keys   *keyring

	read *sql.DB
	// Two writing connections, because SQLite fixes per connection how hard a
	// commit is: full survives a power cut, quick may lose its last commits to
	// one (never to a crash of the process). turn lets one of them write at a time, so
	// that goroutines wait in a queue and not in SQLite's busy loop.
	full, quick *sql.DB
	turn        chan struct{}
	statements  map[prepared]*sql.Stmt // used by whoever has the turn; closed with full and quick
	written     atomic.Bool            // by this process: what keeps it from that now may pass
	opened      fs.FileInfo            // the file that the connections have
}

// Open opens the state file at path, makes it if it is missing and migrates it if
// it is older than this program. The folder must exist.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := newStore(path, o)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func newStore(path string, o Options) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the state %s: %w", path, err)
	}
	s := &Store{
		path: abs, now: o.Now, log: o.Log, expiry: o.Expiry, busy: o.Busy,
		turn: make(chan struct{}, 1), statements: make(map[prepared]*sql.Stmt),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.expiry <= 0 {
		s.expiry = defaultExpiry
	}
	if s.busy <= 0 {
		s.busy = defaultBusy
	}
	s.keys = &keyring{store: s, given: o.Key}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.prepareFile(ctx); err != nil {
		return err
	}
	var err error
	if s.read, err = s.connect(readers, "query_only(1)"); err != nil {
		return err
	}
	if s.full, err = s.connect(1, "synchronous(FULL)"); err != nil {
		return err
	}
	if s.quick, err = s.connect(1, "synchronous(NORMAL)"); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.opened, err = os.Stat(s.path); err != nil {
		return classifyFile(err, "open state", s.path)
	}
	return nil
}

// connect makes a pool of connections. The journal mode is not set here: changing
// it needs the file alone, so only migrate does it.
func (s *Store) connect(conns int, pragma string) (*sql.DB, error) {
	q := url.Values{
		"_txlock":       {"immediate"},
		"_busy_timeout": {strconv.FormatInt(s.busy.Milliseconds(), 10)},
		"_pragma":       {pragma, "journal_size_limit(67108864)"},
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: s.path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", s.path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Path returns the absolute path of the state file.
func (s *Store) Path() string { return s.path }

// Close closes the state. A lease must be released before.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.quick, s.full} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close state %s: %w", s.path, err)
	}
	return nil
}
