package postgres_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"exporter/sinks/sinktest"
)

// proxy stands between sink and server and reads what the sink sends.
type proxy struct {
	server string
	listen net.Listener
	wg     sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	watch  func(c *link, message []byte) // called with every message but the first of a connection
	deaf   bool                          // new connections are closed at once
}

// link is one connection through the proxy.
type link struct {
	p              *proxy
	client, server net.Conn
	mu             sync.Mutex
	swallow        bool   // the next reply is kept from the client, and both are cut
	swallowed      func() // called before that; may be nil
}

// newProxy returns a proxy to the server of a DSN and the DSN that leads through it.
func newProxy(t testing.TB, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host, listen: l, open: make(map[net.Conn]bool)}
	u.Host = l.Addr().String()
	p.wg.Go(p.accept)
	t.Cleanup(p.close)
	return p, u.String()
}

// on calls f with every message that a client sends from now on.
func (p *proxy) on(f func(c *link, message []byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch = f
}

func (p *proxy) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

func (p *proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		deaf := p.deaf
		p.mu.Unlock()
		server, err := net.Dial("tcp4", p.server)
		if err != nil || deaf || !p.keep(client, server) {
			_ = client.Close()
			if server != nil {
				_ = server.Close()
			}
			continue
		}
		c := &link{p: p, client: client, server: server}
		p.wg.Go(c.requests)
		p.wg.Go(c.replies)
	}
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	return !p.closed
}

// drain waits until the server has answered what reached it of clients that are gone.
func (p *proxy) drain() {
	_ = p.listen.Close()
	p.wg.Wait()
}

func (p *proxy) close() {
	_ = p.listen.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// cut ends the connection on both sides.
func (c *link) cut() {
	_ = c.client.Close()
	_ = c.server.Close()
}

// swallowReply lets the next message pass and keeps its reply.
func (c *link) swallowReply() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.swallow = true
}

func (c *link) requests() {
	defer func() { _ = c.server.Close() }()
	size := make([]byte, 4)
	for first := true; ; first = false {
		var message []byte
		if !first {
			message = make([]byte, 1)
			if _, err := io.ReadFull(c.client, message); err != nil {
				return
			}
		}
		if _, err := io.ReadFull(c.client, size); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(size)-4)
		if _, err := io.ReadFull(c.client, body); err != nil {
			return
		}
		message = append(append(message, size...), body...)
		if watch := c.p.watcher(); watch != nil && !first {
			watch(c, message)
		}
		if _, err := c.server.Write(message); err != nil {
			return
		}
	}
}

func (p *proxy) watcher() func(*link, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watch
}

func (c *link) replies() {
	defer func() { _ = c.client.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		swallow := c.swallow
		c.mu.Unlock()
		if swallow {
			if c.swallowed != nil {
				c.swallowed()
			}
			c.cut()
			return
		}
		if _, err := c.client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// isCommit reports whether a message is the query COMMIT.
func isCommit(message []byte) bool {
	return message[0] == 'Q' && string(message[5:]) == "commit\x00"
}

// isCopyData reports whether a message carries rows.
func isCopyData(message []byte) bool { return message[0] == 'd' }

// isStep reports whether a message makes the server do something.
func isStep(message []byte) bool {
	return strings.IndexByte("QEdc", message[0]) >= 0
}

// trap is a way to the server of a DSN that kills the process which uses it before its
// n-th step. A COMMIT is two: before it, and when the server has done it.
func trap(t testing.TB, dsn string, n int) sinktest.Trap {
	t.Helper()
	p, via := newProxy(t, dsn)
	armed := make(chan struct{})
	var process *os.Process
	var mu sync.Mutex
	var steps int
	kill := func() {
		<-armed
		if err := process.Kill(); err != nil {
			t.Errorf("kill before step %d: %v", n, err)
		}
	}
	p.on(func(l *link, message []byte) {
		if !isStep(message) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if steps++; steps == n {
			kill()
			l.cut()
			return
		}
		if !isCommit(message) {
			return
		}
		if steps++; steps == n {
			l.swallowed = kill
			l.swallowReply()
		}
	})
	return sinktest.Trap{
		Target: via,
		Arm:    func(p *os.Process) { process = p; close(armed) },
		Gone:   p.drain,
	}
}
