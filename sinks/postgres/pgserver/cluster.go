package pgserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Server is a data folder with the server that runs on it. Make one with [New].
type Server struct {
	bin      string // folder of the binaries
	dir      string // holds data, log and socket
	owner    *owner
	settings Settings
	port     int
	keeper   *keeper

	mu     sync.Mutex
	server *process // nil while down
}

// New makes a folder, initialises it and starts a server on it, with settings on
// top of those of a fast test server.
func New(settings Settings) (*Server, error) {
	ctx, cancel := Waiting()
	defer cancel()
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	user, err := findOwner()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(base(settings), "exporter-postgres-")
	if err != nil {
		return nil, err
	}
	k, err := newKeeper(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &Server{bin: bin, dir: dir, owner: user, settings: settings, keeper: k}
	if err := s.create(ctx); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

func (s *Server) create(ctx context.Context) error {
	if err := s.owner.take(s.dir); err != nil {
		return err
	}
	out, err := s.command(ctx, "initdb", "--pgdata", s.path("data"), "--no-sync",
		"--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb in %s: %w; a TMPDIR must be open to the server's user\n%s", s.dir, err, out)
	}
	for range 3 { // another process may take the port before the server does
		if s.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = s.Start(ctx); err == nil {
			return nil
		}
	}
	return err
}

// Start launches a server that is down and returns when it takes connections, on
// the same port with the same databases.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return errors.New("it is up already")
	}
	args := append([]string{
		"-D", s.path("data"), "-k", s.dir, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1",
	}, s.settings.flags()...)
	p, err := launch(s.command(context.WithoutCancel(ctx), "postgres", args...), s.path("log"))
	if err != nil {
		return err
	}
	if err := s.keeper.watch(p.pid()); err != nil {
		return errors.Join(err, p.end(ctx, syscall.SIGQUIT))
	}
	if err := s.ready(ctx, p); err != nil {
		return errors.Join(err, p.end(ctx, syscall.SIGQUIT), s.keeper.watch(0))
	}
	s.server = p
	return nil
}

// ready asks through the socket in the cluster's own folder: only this server can answer there.
func (s *Server) ready(ctx context.Context, p *process) error {
	dsn := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", s.dir, s.port)
	for {
		err := Execute(ctx, dsn, "SELECT 1")
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if p.gone() {
			return fmt.Errorf("the server ended while starting:\n%s", s.LogTail())
		}
	}
}

// Stop shuts the server down as an administrator would: clients are told and
// disconnected, what was committed is on disk.
func (s *Server) Stop(ctx context.Context) error { return s.end(ctx, syscall.SIGINT) }

// Kill ends the server as a crash does: connections break off, nothing is flushed,
// and the next Start goes through recovery.
func (s *Server) Kill(ctx context.Context) error { return s.end(ctx, syscall.SIGQUIT) }

func (s *Server) end(ctx context.Context, sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return errors.New("it is down already")
	}
	if err := s.server.end(ctx, sig); err != nil {
		return err
	}
	s.server = nil
	return s.keeper.watch(0)
}

// Up reports whether the server runs.
func (s *Server) Up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server != nil
}

// PID is the process that all others of the server descend from, 0 while it is down.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return 0
	}
	return s.server.pid()
}

// Remove ends the server if it is up, and removes its folder.
func (s *Server) Remove() error {
	ctx, cancel := Waiting()
	defer cancel()
	var err error
	if s.Up() {
		err = s.Kill(ctx)
	}
	return errors.Join(err, s.keeper.dismiss())
}

// DSN is the address of the maintenance database, as a superuser.
func (s *Server) DSN() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// command prepares a server binary. It sees nothing of the environment that
// could change what it does, such as PGDATA or a locale that is not installed.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = s.owner.attributes()
	return cmd
}

// LogTail returns the end of the server's log, or why it cannot be read.
func (s *Server) LogTail() string {
	text, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// freePort finds a port below the range from which systems take ports for outgoing connections.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	var errs []error
	for range 20 {
		port := 20000 + rand.IntN(12000)
		l, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
		errs = append(errs, err)
	}
	return 0, errors.Join(errs...)
}
