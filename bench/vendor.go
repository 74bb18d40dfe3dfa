package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/owapro"
)

// vendorVariable makes this program a vendor and says which: the vendor has a
// process of its own, so that what it costs is neither exporter's nor the suite's.
const vendorVariable = "BENCH_VENDOR"

// vendorTask is what a vendor's process is to do.
type vendorTask struct {
	Dir     string          // of the tape
	Sandbox *sandbox.Config // plays and is recorded; nil: the tape is played
	OWAPro  *owapro.Query   // what the rows are that are there; nil: those of HasOffers
}

// serveVendor is the vendor's process: it prints its address and ends with its input.
//
//	POST /_bench/set     the name of the set of answers that is in force
//	GET  /_bench/sent    how many bytes were answered
//	GET  /_bench/truth   how many rows there are, while the sandbox plays
//	     /_sandbox/...   switches of the sandbox
func serveVendor(text string) error {
	var task vendorTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	t, err := openTape(task.Dir)
	if err != nil {
		return err
	}
	var sent atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_bench/set", func(_ http.ResponseWriter, r *http.Request) {
		name, err := io.ReadAll(r.Body)
		if err == nil {
			t.use(string(name))
		}
	})
	mux.HandleFunc("GET /_bench/sent", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, sent.Load()) })
	answer := func(w http.ResponseWriter, r *http.Request) { sent.Add(t.play(w, r)) }
	if task.Sandbox != nil {
		vendor, err := sandbox.New(*task.Sandbox)
		if err != nil {
			return err
		}
		rooms := vendor.Handler()
		mux.Handle("/_sandbox/", rooms)
		mux.HandleFunc("GET /_bench/truth", func(w http.ResponseWriter, _ *http.Request) {
			n, err := truth(vendor, task.OWAPro)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = fmt.Fprint(w, n)
		})
		answer = func(w http.ResponseWriter, r *http.Request) { t.record(rooms, w, r) }
	}
	mux.HandleFunc("/", answer)
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func truth(vendor *sandbox.Sandbox, q *owapro.Query) (int64, error) {
	if q == nil {
		return vendor.HasOffers().Count("", time.Time{}, time.Time{})
	}
	n, err := vendor.OWAPro().Count(*q)
	return int64(n), err
}

// vendor is a vendor's process, seen from the suite.
type vendor struct {
	cmd  *exec.Cmd
	life io.Closer
	url  string
}

func startVendor(ctx context.Context, task vendorTask) (*vendor, error) {
	text, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), vendorVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the vendor: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the vendor does not say where it is: %w", err), in.Close(), cmd.Wait())
	}
	return &vendor{cmd: cmd, life: in, url: strings.TrimSpace(line)}, nil
}

func (v *vendor) close() error { return errors.Join(v.life.Close(), v.cmd.Wait()) }

// ask sends a request to the vendor's switches and returns the answer.
func (v *vendor) ask(ctx context.Context, method, path string, body []byte) (text string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, v.url+path, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer)
	}
	return string(answer), err
}

// use puts a set of answers in force.
func (v *vendor) use(ctx context.Context, set string) error {
	_, err := v.ask(ctx, http.MethodPost, "/_bench/set", []byte(set))
	return err
}

// sent returns how many bytes the vendor has answered.
func (v *vendor) sent(ctx context.Context) (int64, error) {
	text, err := v.ask(ctx, http.MethodGet, "/_bench/sent", nil)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}
