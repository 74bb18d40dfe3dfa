package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"exporter/fault"
)

// browserPatience is how long a login waits for a browser to come back.
const browserPatience = 15 * time.Minute

// callback is an address of this machine at which a browser ends after a login.
type callback struct {
	address string
	came    chan result // one, from whoever knows the state
	server  *http.Server
	ended   chan error
}

const callbackPath = "/callback"

// listenForBrowser listens for a browser that comes back with the state.
func listenForBrowser(ctx context.Context, state string) (*callback, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.Permanent, "listen for the browser: %w", err).WithHint("Use --oob, and paste the code.")
	}
	c := &callback{
		address: "http://" + listener.Addr().String() + callbackPath,
		came:    make(chan result, 1), ended: make(chan error, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callbackPath, func(w http.ResponseWriter, r *http.Request) { c.take(w, r, state) })
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { c.ended <- c.server.Serve(listener) }()
	return c, nil
}

// take answers the browser. Whoever does not know the state is nobody.
func (c *callback) take(w http.ResponseWriter, r *http.Request, state string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("state")), []byte(state)) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		page(w, "This address belongs to another login.")
		return
	}
	code, err := pasted(r.URL.RequestURI(), state)
	if err != nil {
		page(w, "No access was given. The terminal says more; you can close this window.")
	} else {
		page(w, "Thank you. The terminal says how it went on; you can close this window.")
	}
	select {
	case c.came <- result{code, err}:
	default: // it came before
	}
}

func page(w http.ResponseWriter, text string) {
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<title>exporter</title>\n<p>%s</p>\n", text) // the browser may be gone
}

// close ends the listening when the browser has had its answer.
func (c *callback) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := c.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		err = c.server.Close()
		if err != nil {
			return fmt.Errorf("stop listening for the browser: %w", err)
		}
	}
	if err := <-c.ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("listen for the browser: %w", err)
	}
	return nil
}
