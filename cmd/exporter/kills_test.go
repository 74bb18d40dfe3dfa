package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// killer holds back the nth page from when it is told to, and says when it has come.
type killer struct {
	paths []string // what paths of pages end in

	mu    sync.Mutex
	asked int
	at    int
	held  chan struct{}
}

func (k *killer) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(k.paths, func(end string) bool { return strings.HasSuffix(r.URL.Path, end) }) {
			k.mu.Lock()
			k.asked++
			mine, held := k.asked == k.at, k.held
			k.mu.Unlock()
			if mine {
				// A server notices that its caller is gone only after it has read the request.
				_, _ = io.Copy(io.Discard, r.Body)
				close(held)
				<-r.Context().Done()
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// arm holds back the nth page from now.
func (k *killer) arm(n int) chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.held = k.asked+n, make(chan struct{})
	return k.held
}

// kill runs a command and kills it with its nth page in flight. One that ends before is not
// killed; what it said is returned.
func (k *killer) kill(t *testing.T, n int, cmd *exec.Cmd) (out string, killed bool) {
	t.Helper()
	held := k.arm(n)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-held:
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the process ended well with a page in flight")
		}
		return "", true
	case err := <-ended:
		k.arm(-1)
		return fmt.Sprint(said.String(), err), false
	}
}

// Ten times the process is killed with a page in flight. Each kill costs that page
// and no other, and the rows are those of one clean run.
func TestTenKillsCostTenPages(t *testing.T) {
	t.Parallel()
	const rows, page, kills = 1000, 20, 10
	k := &killer{paths: []string{"/Apiv3/json"}}
	vendor, url := newVendor(t, rows, 1, k.serve)
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	p := newProcess(t, url, dsn, `options = { page_size = 20 }`)
	for range kills {
		if out, killed := k.kill(t, 5, p.command("run", "conversions", "--from", "2026-11-21")); !killed {
			t.Fatalf("the process ended before its fifth page:\n%s", out)
		}
	}
	p.run(t, "run", "conversions", "--from", "2026-11-21")
	clean := rows/page + 1 // and the empty page that ends it
	if again := k.asked - clean; again != kills {
		t.Errorf("%d pages were read again after %d kills", again, kills)
	} else {
		t.Logf("%d calls for %d pages: after each of %d kills one page was read again, the one in flight", k.asked, clean, kills)
	}
	count, err := vendor.HasOffers().Count("", today.AddDate(0, 0, -2), today)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(srv.Psql(t, dsn, "-Atc", "select count(*), count(distinct id) from marketing.conversions")); got != "1000|1000" || count != rows {
		t.Errorf("rows and ids %s, the vendor has %d", got, count)
	}
}
