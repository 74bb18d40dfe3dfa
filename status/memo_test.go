package status_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"exporter/state"
	"exporter/status"
)

// Who asks while an answer is being made waits for it as long as they want and no
// longer, and who leaves takes it from nobody; one question is asked for all.
func TestAnAnswerThatTakesLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		st, err := state.Open(t.Context(), path, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		asked := 0
		handler := status.New(status.Options{State: st, Ready: func() error { return nil }, Glance: func(ctx context.Context) ([]status.Job, error) {
			asked++
			select {
			case <-time.After(10 * time.Second):
				return []status.Job{{Name: "a"}}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}).Handler()
		began := time.Now()
		get := func(patience time.Duration) (code int, took time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/jobs", nil)
			handler.ServeHTTP(w, r)
			return w.Code, time.Since(began)
		}
		first := make(chan time.Duration)
		go func() {
			_, took := get(time.Second) // it is whose question is asked
			first <- took
		}()
		synctest.Wait()
		second := make(chan time.Duration)
		go func() {
			_, took := get(2 * time.Second)
			second <- took
		}()
		synctest.Wait()
		if code, took := get(time.Minute); code != http.StatusOK || took != 10*time.Second {
			t.Errorf("who waits is answered %d after %s", code, took)
		}
		if a, b := <-first, <-second; a != time.Second || b != 2*time.Second || asked != 1 {
			t.Errorf("who leaves waited for %s and %s; asked %d times", a, b, asked)
		}
	})
}
