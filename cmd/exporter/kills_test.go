package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// killer holds back the nth report from when it is told to, and says when it has come.
type killer struct {
	mu    sync.Mutex
	asked int
	at    int
	held  chan struct{}
}

func (k *killer) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/Apiv3/json") {
			k.mu.Lock()
			k.asked++
			mine, held := k.asked == k.at, k.held
			k.mu.Unlock()
			if mine {
				close(held)
				<-r.Context().Done()
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// arm holds back the nth report from now.
func (k *killer) arm(n int) chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.held = k.asked+n, make(chan struct{})
	return k.held
}

// Ten times the process is killed with a page in flight. Each kill costs that page
// and no other, and the rows are those of one clean run.
func TestTenKillsCostTenPages(t *testing.T) {
	const rows, page, kills = 1000, 20, 10
	k := &killer{}
	vendor, url := newVendor(t, rows, 1, k.serve)
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	p := newProcess(t, url, dsn, `options = { page_size = 20 }`)
	for range kills {
		held := k.arm(5)
		cmd := p.command("run", "conversions", "--from", "2026-11-21")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-held
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended well")
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
