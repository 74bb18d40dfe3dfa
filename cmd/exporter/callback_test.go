package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exporter/sandbox"
	"exporter/sandbox/hubrise"
)

// shop is a login to a played HubRise at work.
type shop struct {
	box      *sandbox.Sandbox
	config   string
	address  string // of the page that a person is sent to
	code     chan int
	out      *bufio.Scanner
	problems fmt.Stringer
}

func connect(t *testing.T, cfg hubrise.Config, args ...string) *shop {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{Seed: 7, HubRise: cfg})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(server.Close)
	s := &shop{box: box, config: filepath.Join(t.TempDir(), "jobs.toml"), code: make(chan int, 1)}
	text := fmt.Sprintf("[sources.shop]\ndriver = \"hubrise\"\nbase_url = \"%[1]s/v1\"\nauth_url = \"%[1]s/oauth2/v1\"\nclient_id = \"client\"\nclient_secret = \"secret\"\n", server.URL)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, _, problems := invocation(append([]string{"--config", s.config}, args...)...)
	said, stdout := io.Pipe()
	m.Stdin, m.Stdout, s.problems = strings.NewReader(""), stdout, problems // nobody can type
	go func() {
		s.code <- m.Run(t.Context())
		_ = stdout.Close() // never fails
	}()
	s.out = bufio.NewScanner(said)
	if !s.out.Scan() {
		t.Fatalf("it said nothing: %v, %s", s.out.Err(), problems)
	}
	s.address = s.out.Text()
	return s
}

// visit is what a browser sees at the end of all redirects.
func visit(t *testing.T, address string) (status int, page string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestBrowserComesBack connects a source without anybody typing.
func TestBrowserComesBack(t *testing.T) {
	s := connect(t, hubrise.Config{}, "auth", "login", "shop")
	u, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	back := u.Query().Get("redirect_uri")
	ended, err := url.Parse(back)
	if err != nil || ended.Scheme != "http" || ended.Hostname() != "127.0.0.1" {
		t.Fatalf("the browser is to end at %q", back)
	}
	// Whoever does not know the state cannot hand in a code, nor end the login.
	for _, forged := range []string{back + "?code=forged&state=guessed", back + "?code=forged", back + "?error=access_denied&state="} {
		if status, page := visit(t, forged); status != http.StatusBadRequest || !strings.Contains(page, "another login") {
			t.Errorf("%s: %d %s", forged, status, page)
		}
	}
	if status, page := visit(t, s.address+"&allow=1"); status != http.StatusOK || !strings.Contains(page, "you can close this window") {
		t.Errorf("the browser shows %d %s", status, page)
	}
	if !s.out.Scan() || s.out.Text() != "source shop (hubrise): connected" {
		t.Errorf("said %q, stderr %s", s.out.Text(), s.problems)
	}
	if got := <-s.code; got != 0 {
		t.Errorf("exit code %d, stderr %s", got, s.problems)
	}
	if conn, err := net.Dial("tcp", ended.Host); err == nil {
		t.Errorf("somebody still listens for the browser; closed: %v", conn.Close())
	}

	m, out, problems := invocation("--config", s.config, "auth", "logout", "shop")
	if got := m.Run(t.Context()); got != 0 || out.String() != "source shop (hubrise): disconnected\n" {
		t.Errorf("exit code %d, said %q, stderr %s", got, out, problems)
	}
	m, out, problems = invocation("--config", s.config, "auth", "status")
	if got := m.Run(t.Context()); got != 0 || !strings.Contains(out.String(), "none stored") {
		t.Errorf("exit code %d, said %q, stderr %s", got, out, problems)
	}
	m, out, problems = invocation("--config", s.config, "auth", "logout", "shop")
	if got := m.Run(t.Context()); got != 2 || !strings.Contains(problems.String(), "source shop is not connected") {
		t.Errorf("exit code %d, said %q, stderr %s", got, out, problems)
	}
}

func TestBrowserComesBackWithoutAccess(t *testing.T) {
	s := connect(t, hubrise.Config{}, "auth", "login", "shop")
	if _, page := visit(t, s.address+"&deny=1"); !strings.Contains(page, "No access was given") {
		t.Errorf("the browser shows %s", page)
	}
	if got := <-s.code; got != 3 || !strings.Contains(s.problems.String(), "the vendor gave no code: access_denied") {
		t.Errorf("exit code %d, stderr %s", got, s.problems)
	}
}

// Where the browser is elsewhere, the vendor shows the code.
func TestLoginOutOfBand(t *testing.T) {
	s := connect(t, hubrise.Config{}, "auth", "login", "shop", "--oob")
	u, err := url.Parse(s.address)
	if err != nil || u.Query().Get("redirect_uri") != "urn:ietf:wg:oauth:2.0:oob" {
		t.Fatalf("it leads to %s", s.address)
	}
	if got := <-s.code; got != 2 || !strings.Contains(s.problems.String(), "nothing was pasted") {
		t.Errorf("exit code %d, stderr %s", got, s.problems)
	}
	granted, err := s.box.HubRise().Code(hubrise.Token{Scope: u.Query().Get("scope")})
	if err != nil {
		t.Fatal(err)
	}
	m, out, problems := invocation("--config", s.config, "auth", "login", "shop", "--oob")
	m.Stdin = strings.NewReader(granted + "\n")
	if got := m.Run(t.Context()); got != 0 || !strings.HasSuffix(out.String(), "source shop (hubrise): connected\n") {
		t.Errorf("exit code %d, said %q, stderr %s", got, out, problems)
	}
}
