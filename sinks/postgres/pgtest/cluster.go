package pgtest

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

// cluster is a data folder with the server that runs on it.
type cluster struct {
	bin      string // folder of the binaries
	dir      string // holds data, log and socket
	owner    *owner
	settings Settings
	port     int
	keeper   *keeper

	mu     sync.Mutex
	server *process // nil while down
}

// newCluster makes a folder, initialises it and starts a server on it.
func newCluster(settings Settings) (*cluster, error) {
	ctx, cancel := waiting()
	defer cancel()
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	user, err := findOwner()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(base(settings), "pgtest-")
	if err != nil {
		return nil, err
	}
	k, err := newKeeper(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c := &cluster{bin: bin, dir: dir, owner: user, settings: settings, keeper: k}
	if err := c.create(ctx); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

func (c *cluster) create(ctx context.Context) error {
	if err := c.owner.take(c.dir); err != nil {
		return err
	}
	out, err := c.command(ctx, "initdb", "--pgdata", c.path("data"), "--no-sync",
		"--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb in %s: %w; a TMPDIR must be open to the server's user\n%s", c.dir, err, out)
	}
	for range 3 { // another process may take the port before the server does
		if c.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = c.start(ctx); err == nil {
			return nil
		}
	}
	return err
}

// start launches the server and returns when it takes connections.
func (c *cluster) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return errors.New("it is up already")
	}
	args := append([]string{
		"-D", c.path("data"), "-k", c.dir, "-p", strconv.Itoa(c.port), "-c", "listen_addresses=127.0.0.1",
	}, c.settings.flags()...)
	p, err := launch(c.command(context.WithoutCancel(ctx), "postgres", args...), c.path("log"))
	if err != nil {
		return err
	}
	if err := c.keeper.watch(p.pid()); err != nil {
		return errors.Join(err, p.end(ctx, syscall.SIGQUIT))
	}
	if err := c.ready(ctx, p); err != nil {
		return errors.Join(err, p.end(ctx, syscall.SIGQUIT), c.keeper.watch(0))
	}
	c.server = p
	return nil
}

// ready asks through the socket in the cluster's own folder: only this server can answer there.
func (c *cluster) ready(ctx context.Context, p *process) error {
	dsn := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", c.dir, c.port)
	for {
		err := execute(ctx, dsn, "SELECT 1")
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if p.gone() {
			return fmt.Errorf("the server ended while starting:\n%s", c.logTail())
		}
	}
}

func (c *cluster) stop(ctx context.Context) error { return c.end(ctx, syscall.SIGINT) }
func (c *cluster) kill(ctx context.Context) error { return c.end(ctx, syscall.SIGQUIT) }

func (c *cluster) end(ctx context.Context, sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return errors.New("it is down already")
	}
	if err := c.server.end(ctx, sig); err != nil {
		return err
	}
	c.server = nil
	return c.keeper.watch(0)
}

func (c *cluster) up() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server != nil
}

// remove ends the server if it is up, and removes its folder.
func (c *cluster) remove() error {
	ctx, cancel := waiting()
	defer cancel()
	var err error
	if c.up() {
		err = c.kill(ctx)
	}
	return errors.Join(err, c.keeper.dismiss())
}

func (c *cluster) dsn() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// command prepares a server binary. It sees nothing of the environment that
// could change what it does, such as PGDATA or a locale that is not installed.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = c.owner.attributes()
	return cmd
}

// logTail returns the end of the server's log, or why it cannot be read.
func (c *cluster) logTail() string {
	text, err := os.ReadFile(c.path("log"))
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
