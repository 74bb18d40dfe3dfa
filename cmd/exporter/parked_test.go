package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
	"exporter/status"
)

// follow reads what a serve prints until the end of a run that enough is content
// with, and ends it by a signal.
func follow(t *testing.T, cmd *exec.Cmd, end syscall.Signal, enough func(status.Run) bool) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }) // what it waits for is then missing
	defer stuck.Stop()
	found := false
	var all []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		all = append(all, lines.Text())
		var r status.Run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		if !found && r.Type == "run" && enough(r) {
			found = true
			if err := cmd.Process.Signal(end); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); !found || (err == nil) != (end == syscall.SIGTERM) {
		t.Fatalf("found what was waited for: %t; ended with %v after\n%s", found, err, strings.Join(all, "\n"))
	}
}

const parkedTOML = `
[sources.tune]
driver = "hasoffers"
api = "network"
base_url = "${SANDBOX}/Apiv3/json"
network_id = "demo"
network_token = "${NETWORK_TOKEN}"
timezone = "America/New_York"
limits = ["6/2s"]
max_wait = "1s"
concurrency = 1

[sinks.warehouse]
driver = "postgres"
dsn = "${DSN}"
schema = "marketing"

[jobs.conversions]
source = "tune"
stream = "conversions"
sinks = ["warehouse"]
schedule = "@every 1h"
lookback = "3d"
options = { page_size = 10 }
`

// A serve is killed while all slices wait for quota. The next one goes on with them
// where they were, without a firing and without reading a page again.
func TestKilledWhileSlicesWait(t *testing.T) {
	t.Parallel()
	vendor, url := newVendor(t, 30, 3, func(h http.Handler) http.Handler { return h })
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	p := newProgram(t, parkedTOML, "SANDBOX="+url, "DSN="+dsn, "NETWORK_TOKEN="+secrets["NETWORK_TOKEN"])
	asked := func() int { return vendor.Meter().Operations()["Conversion::findAll"] }

	follow(t, p.command("serve", "--json"), syscall.SIGKILL, func(r status.Run) bool { return r.Trigger == "schedule" && r.Waiting > 0 })
	before := asked()
	follow(t, p.command("serve", "--json"), syscall.SIGTERM, func(r status.Run) bool {
		if r.Trigger != "quota" || r.Only != "waiting" {
			t.Errorf("run by %s, only %q", r.Trigger, r.Only)
		}
		return r.State == "succeeded" && r.Waiting == 0
	})
	const clean = 3 * (30/10 + 1) // and the empty page that ends each
	if all := asked(); all != clean || before == 0 || before == clean {
		t.Errorf("%d calls, %d of them before the kill; a clean run takes %d", all, before, clean)
	}
	if most := vendor.Meter().MaxInWindow("", 2*time.Second); most > 6 {
		t.Errorf("%d requests in a window", most)
	}
	if got := strings.TrimSpace(srv.Psql(t, dsn, "-Atc", "select count(*), count(distinct id) from marketing.conversions")); got != "90|90" {
		t.Errorf("rows and ids %s", got)
	}
}
