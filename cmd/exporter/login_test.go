package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"exporter/fault"
	"exporter/sandbox"
	"exporter/state"
)

// TestLoginTakesTheAddressOfTheBrowser goes the whole way of a person: open the
// address, allow the access, and paste what the browser ends at.
func TestLoginTakesTheAddressOfTheBrowser(t *testing.T) {
	box, err := sandbox.New(sandbox.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	path := filepath.Join(t.TempDir(), "jobs.toml")
	text := fmt.Sprintf("[sources.hurra]\ndriver = \"owapro\"\nbase_url = %[1]q\naccount_url = %[1]q\nclient_id = \"client\"\nclient_secret = \"secret\"\nredirect_uri = \"https://example.com/callback\"\n", server.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, _, problems := invocation("--config", path, "auth", "login", "hurra")
	stdin, paste := io.Pipe()
	said, stdout := io.Pipe()
	m.Stdin, m.Stdout = stdin, stdout
	code := make(chan int, 1)
	go func() { code <- m.Run(t.Context()) }()
	lines := bufio.NewScanner(said)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, lines.Text()+"&allow=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(paste, resp.Header.Get("Location")); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "source hurra (owapro): connected" {
		t.Errorf("said %q", lines.Text())
	}
	if got := <-code; got != 0 || !box.OWAPro().RefreshTokens("client").Alive {
		t.Errorf("exit code %d, stderr %s", got, problems)
	}
}

// A person may take minutes. Until they have pasted the code others work on the
// state; the code then waits for them.
func TestLoginKeepsNobodyOut(t *testing.T) {
	box, err := sandbox.New(sandbox.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "jobs.toml")
	text := fmt.Sprintf("[sources.hurra]\ndriver = \"owapro\"\nbase_url = %[1]q\naccount_url = %[1]q\nclient_id = \"client\"\nclient_secret = \"secret\"\n", server.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, out, _ := invocation("--config", path, "auth", "login", "hurra")
	stdin, paste := io.Pipe()
	said, stderr := io.Pipe()
	m.Stdin, m.Stderr = stdin, stderr
	code := make(chan int, 1)
	go func() {
		code <- m.Run(t.Context())
		_ = stderr.Close() // never fails
	}()
	problems := bufio.NewScanner(said)
	wantLine(t, problems, "paste the code")

	st, err := state.Open(t.Context(), filepath.Join(dir, "exporter-state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	lease, err := st.Acquire(t.Context(), "nightly run")
	if err != nil {
		t.Fatalf("while a person is asked: %v", err)
	}
	granted, err := box.OWAPro().Code("client")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(paste, granted); err != nil {
		t.Fatal(err)
	}
	wantLine(t, problems, "nightly run (pid "+strconv.Itoa(os.Getpid())+") works on this state; waiting for it")
	if calls := box.Meter().Operations(); len(calls) != 0 {
		t.Errorf("the vendor was asked while another process worked: %v", calls)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rest []string
	for problems.Scan() {
		rest = append(rest, problems.Text())
	}
	if got := <-code; got != 0 || !strings.Contains(out.String(), "source hurra (owapro): connected") {
		t.Errorf("exit code %d, said %s%q", got, out, rest)
	}
}

func wantLine(t *testing.T, lines *bufio.Scanner, part string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), part) {
			return
		}
	}
	t.Fatalf("it never said %q: %v", part, lines.Err())
}

// TestSignalAtAQuestion: nothing was read, so nothing goes on at a page.
func TestSignalAtAQuestion(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(interruption(syscall.SIGTERM))
	nobody, typing := io.Pipe()
	defer func() {
		if err := typing.Close(); err != nil {
			t.Error(err)
		}
	}()
	p := &program{Main: Main{Stdin: nobody}}
	_, atLogin := p.codeOf(ctx, "state", nil)
	_, atPurge := lineOf(ctx, bufio.NewReader(nobody))
	for _, err := range []error{atLogin, atPurge} {
		if fault.ClassOf(err) != fault.Interrupted || !strings.Contains(err.Error(), "SIGTERM") || fault.HintOf(err) != "Nothing was done. To do it, start again." {
			t.Errorf("%v (%s), hint %q", err, fault.ClassOf(err), fault.HintOf(err))
		}
	}
}

func TestPasted(t *testing.T) {
	for text, want := range map[string]string{
		" abc-1 ": "abc-1",
		"https://example.com/callback?code=a%2Bb&state=S":        "a+b",
		"https://example.com/callback?state=S&code=c#frag":       "c",
		"https://example.com/callback?state=T&code=c":            "",
		"https://example.com/callback?code=c":                    "",
		"https://example.com/callback?state=S":                   "",
		"https://example.com/callback?error=access_denied":       "",
		"https://example.com/callback?code=%zz&state=S":          "",
		"?" + url.Values{"code": {"d"}, "state": {"S"}}.Encode(): "d",
	} {
		got, err := pasted(text, "S")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}
