package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver

	"exporter/fault"
	"exporter/sinks"
)

type sink struct {
	path string
	db   *sql.DB
	turn chan struct{} // held by whoever writes, so that goroutines wait in a queue and not in SQLite's busy loop
	pace pace
	now  func() time.Time

	mu   sync.Mutex
	seen os.FileInfo // the file that idle connections are open on
}

var (
	_ sinks.Sink    = (*sink)(nil)
	_ sinks.Fitter  = (*sink)(nil)
	_ sinks.Renamer = (*sink)(nil)
)

// pace bounds waits for locks that other programs hold.
type pace struct {
	wait time.Duration // in all, before a transaction that writes
	try  time.Duration // in one try, inside of SQLite, which does not end with a context
	poll time.Duration // between tries
}

var defaultPace = pace{wait: 2 * time.Minute, try: time.Second, poll: 20 * time.Millisecond}

// idle is the number of connections kept open, so that readers find the log beside
// the file, and SQLite does not have to take the file for itself after every load
// to remove it.
const idle = 1

// open prepares a sink. It does not touch the file.
func open(c *Config) (*sink, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fault.New(fault.Config, "find %s: %w", c.Path, err)
	}
	s := &sink{path: path, turn: make(chan struct{}, 1), pace: defaultPace, now: time.Now}
	if err := s.connect(); err != nil {
		return nil, err
	}
	return s, nil
}

// connect makes the pool of connections. Extra are pragmas.
func (s *sink) connect(extra ...string) error {
	db, err := sql.Open("sqlite", s.dsn(extra...))
	if err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	db.SetMaxIdleConns(idle)
	s.db = db
	return nil
}

// dsn is the file as its driver knows it.
func (s *sink) dsn(extra ...string) string {
	q := url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.FormatInt(s.pace.try.Milliseconds(), 10)},
		"_dqs":          {"0"},
		"_pragma":       append([]string{"synchronous(FULL)", "cache_size(-16384)", "journal_size_limit(67108864)"}, extra...),
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: s.path, RawQuery: q.Encode()}
	return dsn.String()
}

// Begin implements sinks.Sink.
func (s *sink) Begin(ctx context.Context, load sinks.Load) (sinks.Writer, error) {
	if err := refuse(load); err != nil {
		return nil, fmt.Errorf("begin load: %w", err)
	}
	if err := s.create(); err != nil {
		return nil, fmt.Errorf("begin load: %w", err)
	}
	var p prepared
	err := s.withConn(ctx, func(conn *sql.Conn) error {
		if err := s.enterWAL(ctx, conn); err != nil {
			return err
		}
		return s.inTx(ctx, conn, func() (err error) {
			p, err = s.prepare(ctx, conn, load)
			return err
		})
	})
	if err != nil {
		return nil, s.wrap(ctx, err, "begin load")
	}
	load.Notify(p.notices...)
	return newWriter(s, load, p), nil
}

// prepared is what a load knows before rows come.
type prepared struct {
	at      fenced
	fits    map[string]sinks.Fit // by final name, rejects tables included
	notices []sinks.Notice
}

// prepare does what there is to do before rows come.
func (s *sink) prepare(ctx context.Context, conn *sql.Conn, load sinks.Load) (p prepared, err error) {
	if err := s.migrate(ctx, conn); err != nil {
		return p, err
	}
	if p.at, err = fence(ctx, conn, load.Slice); err != nil {
		return p, fmt.Errorf("fence slice %s %s: %w", load.Slice.Job, load.Slice.Interval(), err)
	}
	p.fits = make(map[string]sinks.Fit)
	for _, want := range load.Wanted() {
		var notices []sinks.Notice
		if p.fits[want.Name], notices, err = s.fit(ctx, conn, want); err != nil {
			return p, fmt.Errorf("fit table %s: %w", want.Name, err)
		}
		p.notices = append(p.notices, notices...)
	}
	if load.Mode != sinks.Append {
		return p, nil
	}
	is, err := isCommitted(ctx, conn, p.at.slice)
	if is {
		err = load.Appended()
	}
	return p, err
}

// refuse names what in a load cannot be loaded here.
func refuse(load sinks.Load) error {
	if err := load.Refuse("sqlite", modes); err != nil {
		return err
	}
	for _, t := range load.Tables {
		name := strings.ToLower(t.Name)
		if name == "" || strings.ContainsRune(name, 0) {
			return fault.New(fault.Config, "table name %q cannot be used", t.Name).WithHint("Set another table in the job.")
		}
		for _, prefix := range []string{ownPrefix, "sqlite_"} {
			if strings.HasPrefix(name, prefix) {
				return fault.New(fault.Config, "table name %s begins with %s, which is for other tables of the file", t.Name, prefix).
					WithHint("Set another table in the job.")
			}
		}
	}
	return nil
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.path, err)
	}
	return nil
}
