package sqlite_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"strings"

	"modernc.org/sqlite"

	"exporter/sinks"
	exporter "exporter/sinks/sqlite"
)

// trapMark stands in a target between the path and the step before which the process
// that opens it kills itself.
const trapMark = "\nkilled before "

// openTarget opens the sink of a target of a rule.
func openTarget(ctx context.Context, target string) (sinks.Sink, error) {
	path, step, trapped := strings.Cut(target, trapMark)
	s, err := exporter.Driver().Open(ctx, &exporter.Config{Path: path})
	if err != nil || !trapped {
		return s, err
	}
	m := &mortal{}
	if _, err := fmt.Sscan(step, &m.left); err != nil {
		return nil, err
	}
	exporter.SetConnector(s, func(dsn string) driver.Connector { m.dsn = dsn; return m })
	return s, nil
}

// mortal connects to SQLite, and kills this process before a statement.
type mortal struct {
	dsn  string
	left int // statements, that one included
}

func (m *mortal) Connect(context.Context) (driver.Conn, error) {
	c, err := m.Driver().Open(m.dsn)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(conn)
	if !ok {
		return nil, fmt.Errorf("the driver's connection is a %T", c)
	}
	return &mortalConn{inner, m}, nil
}

func (m *mortal) Driver() driver.Driver { return &sqlite.Driver{} }

// step is called from one goroutine at a time: a load has no other.
func (m *mortal) step() {
	if m.left--; m.left == 0 {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {}
	}
}

// conn is what database/sql, and the sink, ask of a connection.
type conn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type mortalConn struct {
	conn
	m *mortal
}

func (c *mortalConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.m.step()
	return c.conn.PrepareContext(ctx, text)
}

func (c *mortalConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.m.step()
	return c.conn.ExecContext(ctx, text, args)
}

func (c *mortalConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.m.step()
	return c.conn.QueryContext(ctx, text, args)
}
