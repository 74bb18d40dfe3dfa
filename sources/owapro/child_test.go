package owapro_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"exporter/ratelimit"
	sandbox "exporter/sandbox/owapro"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

// The test binary runs itself as the process that is killed; these tell it where.
const (
	childVar = "OWAPRO_TEST_CHILD" // the step at which it stops
	urlVar   = "OWAPRO_TEST_URL"
	pathVar  = "OWAPRO_TEST_PATH"
)

// The steps of a renewal at which a process can die.
const (
	stepSent     = "sent"     // the vendor has renewed, its answer is on the way
	stepReceived = "received" // the answer is read, nothing is stored
	stepStored   = "stored"   // the new token is durable, nobody has used it
	stepUsed     = "used"     // a call with the new token has arrived
)

// fileStore keeps a token in a file, as a state would: what SaveToken returned from is on disk.
type fileStore struct {
	path string
	stop func(step string)
}

type kept struct {
	Access, Refresh         string
	Expires, RefreshExpires time.Time
}

func (f fileStore) LoadToken(context.Context, string) (httpapi.Token, bool, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return httpapi.Token{}, false, nil
	}
	var k kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	return httpapi.Token{
		Access: settings.Secret(k.Access), Refresh: settings.Secret(k.Refresh), Expires: k.Expires, RefreshExpires: k.RefreshExpires,
	}, err == nil, err
}

func (f fileStore) SaveToken(_ context.Context, _ string, t httpapi.Token) error {
	if f.stop != nil {
		f.stop(stepReceived)
	}
	text, err := json.Marshal(kept{t.Access.Reveal(), t.Refresh.Reveal(), t.Expires, t.RefreshExpires})
	if err == nil {
		err = os.WriteFile(f.path+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(f.path+".new", f.path)
	}
	if err == nil && f.stop != nil {
		f.stop(stepStored)
	}
	return err
}

func (f fileStore) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	if now, _, err := f.LoadToken(ctx, key); err != nil || !now.Same(old) {
		return false, err
	}
	return true, f.SaveToken(ctx, key, t)
}

// child asks the vendor for something, and stops for ever at the step it was told.
func child() int {
	c := newConfig()
	c.BaseURL, c.AccountURL = os.Getenv(urlVar), os.Getenv(urlVar)
	c.ClientID, c.ClientSecret, c.RefreshToken = "client", clientSecret, refreshToken
	store := fileStore{path: os.Getenv(pathVar), stop: func(step string) {
		if step == os.Getenv(childVar) {
			fmt.Println(step)
			select {}
		}
	}}
	limiter, err := ratelimit.New(context.Background(), "test", ratelimit.Limits{Concurrency: 1}, ratelimit.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	s, err := owapro.Driver().Open(sources.Deps{Name: "hurra", Limiter: limiter, Tokens: store}, c, new(owapro.ListOptions))
	if err == nil {
		err = s.(sources.Checker).Check(context.Background())
	}
	fmt.Println("not stopped:", err)
	return 1
}

// A process that is killed at any step of a renewal leaves a login that works.
func TestKilledWhileRenewing(t *testing.T) {
	all := []string{stepSent, stepReceived, stepStored, stepUsed}
	for rotation, steps := range map[sandbox.Rotation][]string{
		sandbox.RotateNever: all, sandbox.RotateOnUse: all, sandbox.RotateGrace: all,
		// Here nobody can help who has not stored the answer.
		sandbox.RotateAtOnce: {stepStored, stepUsed},
	} {
		t.Run(string(rotation), func(t *testing.T) {
			v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{Rotation: rotation}})
			store := fileStore{path: filepath.Join(t.TempDir(), "token")}
			for range 2 { // from the configured token, then from stored ones
				for _, step := range steps {
					v.ExpireAccess()
					killAt(t, v, store.path, step)
					s := open(t, v.config(), new(owapro.ListOptions), sources.Deps{Tokens: store})
					if err := s.(sources.Checker).Check(t.Context()); err != nil {
						t.Fatalf("killed when the answer was %s: %v", step, err)
					}
				}
			}
			if state := v.RefreshTokens("client"); state.Dead > 0 || !state.Alive {
				t.Errorf("got %+v", state)
			}
		})
	}
}

// killAt starts a process that has to renew its login and kills it at a step.
func killAt(t *testing.T, v *vendor, path, step string) {
	t.Helper()
	reached := make(chan struct{}, 8)
	renewed := false
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Path == "/oauth/get_access_token"
		if token && step == stepSent || !token && renewed && step == stepUsed {
			v.Handler().ServeHTTP(httptest.NewRecorder(), r)
			reached <- struct{}{}
			<-r.Context().Done()
			return
		}
		renewed = renewed || token
		v.Handler().ServeHTTP(w, r)
	})
	defer v.SetFront(nil)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+step, urlVar+"="+v.URL, pathVar+"="+path)
	out := sourcetest.Must[interface{ Read([]byte) (int, error) }](t)(stdout(cmd))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		buf := make([]byte, 1024)
		n, _ := out.Read(buf)
		said <- string(buf[:n])
	}()
	select {
	case <-reached:
	case line := <-said:
		if line != step+"\n" {
			t.Errorf("the process stopped with %q, want %q", line, step)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
}

func stdout(cmd *exec.Cmd) (interface{ Read([]byte) (int, error) }, error) { return cmd.StdoutPipe() }
