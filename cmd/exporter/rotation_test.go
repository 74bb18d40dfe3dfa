package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/sandbox"
	"exporter/sandbox/owapro"
)

// rotationTOML reads four customers at once, in slices of an interval and pages of
// a few rows.
const rotationTOML = `[exporter]
timezone = "Europe/Berlin"
concurrency = 4

[sources.hurra]
driver = "owapro"
base_url = "${SANDBOX}"
account_url = "${SANDBOX}"
client_id = "client"
client_secret = "secret"
limits = ["10000/1s"]
concurrency = 4

[sinks.local]
driver = "sqlite"
path = "data.db"

[jobs.channels]
source = "hurra"
stream = "report"
sinks = ["local"]
schedule = "15 4 * * *"
interval = %q
options = { configid = 1, customers = ["1", "2", "3", "4"], dimensions = ["date", "customer_trackgroup"], metrics = ["sale_count", "click_count_pub"], format = "json", page_size = %d }
`

// newRotating serves an OWAPro with four customers and a few days that rotates
// refresh tokens as strictly as can be survived: the old one is dead as soon as the
// new one, or the access token beside it, is used. A vendor that gives it up when
// it grants the new one would lock out whoever dies before reading the answer.
func newRotating(t *testing.T, first string, days int, front func(*owapro.Server, http.Handler) *httptest.Server) (*sandbox.Sandbox, *httptest.Server) {
	t.Helper()
	cfg := owapro.Config{
		OAuth:   owapro.OAuth{Rotation: owapro.RotateOnUse, OneAccess: true},
		Data:    owapro.Data{FirstDay: first, Days: days, Now: today.Format(time.RFC3339)},
		Answers: owapro.Answers{Gzip: owapro.GzipOff},
	}
	for id := range 4 {
		cfg.Data.Customers = append(cfg.Data.Customers, owapro.Customer{ID: id + 1, Trackgroups: 10})
	}
	vendor, err := sandbox.New(sandbox.Config{Seed: 7, OWAPro: cfg})
	if err != nil {
		t.Fatal(err)
	}
	server := front(vendor.OWAPro(), vendor.Handler())
	t.Cleanup(server.Close)
	return vendor, server
}

// loggedIn returns a program to which a person has given a code, once, and the
// arguments with which it reads everything.
func loggedIn(t *testing.T, vendor *sandbox.Sandbox, url, interval string, pageSize int) (p process, run []string) {
	t.Helper()
	code, err := vendor.OWAPro().Code("client")
	if err != nil {
		t.Fatal(err)
	}
	p = newProgram(t, fmt.Sprintf(rotationTOML, interval, pageSize), "SANDBOX="+url)
	p.run(t, "auth", "login", "hurra", "--code", code)
	return p, []string{"run", "channels", "--from", vendor.OWAPro().Config().Data.FirstDay}
}

// A hundred processes are killed around a renewal or anywhere. Each of them begins
// with an access token that is worthless after a few calls at most. Whoever comes
// next goes on without a person: one lost refresh token would lock out all the rest.
func TestAHundredKillsLoseNoRefreshToken(t *testing.T) {
	t.Parallel()
	const seed = 20261122
	rng := rand.New(rand.NewPCG(seed, 0))
	e := newExecutioner()
	vendor, server := newRotating(t, "2026-11-16", 6, func(s *owapro.Server, next http.Handler) *httptest.Server {
		e.vendor, e.next = s, next
		server := httptest.NewUnstartedServer(e)
		server.Config.ConnState = e.connection
		server.Start()
		return server
	})
	p, run := loggedIn(t, vendor, server.URL, "1d", 6)
	e.end(t, server.Listener.Addr().String())

	planned := map[moment]int{asked: 12, issued: 12, cut: 12, answered: 24, arrived: 12, used: 14, anywhere: 14}
	var order []moment
	for _, m := range []moment{asked, issued, cut, answered, arrived, used, anywhere} {
		order = append(order, slices.Repeat([]moment{m}, planned[m])...)
	}
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	killed, kills := map[moment]int{}, 0
	for kills < len(order) {
		at := order[kills]
		most := map[moment]time.Duration{answered: 12 * time.Millisecond, anywhere: 300 * time.Millisecond}[at]
		d := &doom{at: at, patience: time.Duration(rng.Int64N(int64(most) + 1)), lasts: rng.IntN(4)}
		cmd := p.command(run...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := e.start(cmd, d); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		e.end(t, server.Listener.Addr().String())
		var ended *exec.ExitError
		switch {
		case d.renewals > 1 || d.refused != "":
			t.Fatalf("seed %d: %d renewals of one access token; first use of the new one: %q", seed, d.renewals, d.refused)
		case d.killed && errors.As(err, &ended) && !ended.Exited():
			killed[at]++
			kills++
		case at == anywhere && err == nil: // it was faster
		default:
			t.Fatalf("seed %d, kills %v: the process ended by itself, %v, and not when the new token was %s:\n%s", seed, killed, err, at, &said)
		}
	}
	for m, n := range planned {
		if n == 0 || killed[m] != n {
			t.Errorf("%d of %d were killed when the new token was %s", killed[m], n, m)
		}
	}
	t.Logf("seed %d, %d kills: %v", seed, kills, killed)
	t.Logf("of the tokens sent before a kill and not used %d were stored, %d lost", e.kept, e.lost)
	p.run(t, run...)
	e.end(t, server.Listener.Addr().String())
	wantRows(t, vendor.OWAPro(), filepath.Join(p.dir, "data.db"))
	wantOneLogin(t, vendor)
}

// crowd lets calls gather before the vendor, and takes the access token away from
// all of them at once.
type crowd struct {
	vendor *owapro.Server
	next   http.Handler

	mu      sync.Mutex
	changed *sync.Cond
	left    int             // times it is to happen
	expired int             // times it has happened
	taken   int             // calls since
	waiting int             // calls that have gathered
	owed    map[string]bool // calls that were refused and must come again before the next time
}

const crowdSize = 4

func (c *crowd) gather(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 || c.taken < 6 || c.waiting == 0 && len(c.owed) > 0 {
		return
	}
	c.owed[call] = true
	if c.waiting++; c.waiting == crowdSize {
		c.vendor.RevokeAccess()
		c.left, c.expired, c.taken, c.waiting = c.left-1, c.expired+1, 0, 0
		c.changed.Broadcast()
		return
	}
	for n := c.expired; n == c.expired; {
		c.changed.Wait()
	}
}

// ServeHTTP implements http.Handler.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/dw_generate_report") {
		c.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.gather(string(body))
	answer := httptest.NewRecorder()
	c.next.ServeHTTP(answer, r)
	c.mu.Lock()
	if answer.Code == http.StatusOK {
		c.taken++
		delete(c.owed, string(body))
	}
	c.mu.Unlock()
	forward(w, answer)
}

// Four customers are read at once, a month each, when the access token becomes
// worthless in the hands of all. One of them renews it, every time.
func TestOneRenewalForEachExpiry(t *testing.T) {
	const expiries = 8
	c := &crowd{left: expiries, owed: map[string]bool{}}
	c.changed = sync.NewCond(&c.mu)
	vendor, server := newRotating(t, "2026-10-01", 31, func(s *owapro.Server, next http.Handler) *httptest.Server {
		c.vendor, c.next = s, next
		return httptest.NewServer(c)
	})
	p, run := loggedIn(t, vendor, server.URL, "1mo", 2)
	p.run(t, run...)
	if got := vendor.Meter().Operations()["oauth/get_access_token"]; got != expiries || c.expired != expiries {
		t.Errorf("%d renewals, and the access token became worthless %d times, want %d", got, c.expired, expiries)
	}
	wantRows(t, vendor.OWAPro(), filepath.Join(p.dir, "data.db"))
	wantOneLogin(t, vendor)
}

// wantOneLogin checks that nobody was asked for again, and that the vendor has given
// up every refresh token but the newest.
func wantOneLogin(t *testing.T, vendor *sandbox.Sandbox) {
	t.Helper()
	calls, tokens := vendor.Meter().Operations(), vendor.OWAPro().RefreshTokens("client")
	t.Logf("%d renewals", calls["oauth/get_access_token"])
	if calls["oauth/get_refresh_token"] != 1 || calls["oauth/authorize"] != 0 {
		t.Errorf("a person was needed again: %v", calls)
	}
	if tokens.Dead != 0 || tokens.Valid != 1 || !tokens.Alive {
		t.Errorf("%d renewals with a token that was given up; %d tokens left, the newest alive %t", tokens.Dead, tokens.Valid, tokens.Alive)
	}
}

// wantRows compares the table with what the vendor has to report.
func wantRows(t *testing.T, vendor *owapro.Server, path string) {
	t.Helper()
	var want []string
	for id := 1; id <= 4; id++ {
		rows, err := vendor.Rows(owapro.Query{
			Customers: []int{id}, Dimensions: []string{"date", "customer_trackgroup"}, Metrics: []string{"sale_count", "click_count_pub"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			cells := []string{fmt.Sprint(id)}
			for _, name := range []string{"date", "customer_trackgroup", "sale_count", "click_count_pub"} {
				value, _ := row.Value(name)
				cells = append(cells, value)
			}
			want = append(want, strings.Join(cells, "|"))
		}
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, err := queried(t.Context(), db, `SELECT concat_ws('|', customer_id, date, customer_trackgroup, sale_count, click_count_pub) FROM channels`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, row...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("%d rows, the vendor has %d (-want +got):\n%s", len(got), len(want), diff)
	}
}
