package lake_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sinks"
	"exporter/sinks/lake"
)

// wantFault checks class, message and hint of an error.
func wantFault(t testing.TB, err error, class fault.Class, message, hint string) {
	t.Helper()
	if fault.ClassOf(err) != class || err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(fault.HintOf(err), hint) {
		t.Errorf("got %v (class %q)\nhint %s\nwant class %q, message %q, hint %q", err, fault.ClassOf(err), fault.HintOf(err), class, message, hint)
	}
}

// both checks what Check and a load say.
func both(t *testing.T, s sinks.Sink, class fault.Class, message, hint string) {
	t.Helper()
	rows := batch(0, 2, "a")
	wantFault(t, s.Check(t.Context()), class, message, hint)
	wantFault(t, try(t, s, loadOf(facts, rows), rows), class, message, hint)
}

func TestRefusedFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := layout("csv", "none")
	both(t, openFiles(t, filepath.Join(dir, "none", "lake"), l), fault.Config, "folder "+dir+"/none, in which dir of the sink is, does not exist", "mkdir -p "+dir+"/none")
	both(t, openFiles(t, file, l), fault.Config, "not a directory", "Correct dir of the sink")
	both(t, openFiles(t, filepath.Join(file, "lake"), l), fault.Config, "not a directory", "Correct dir of the sink")
	both(t, openFiles(t, "/sys/exporter-lake", l), fault.Config, "/sys/exporter-lake", "read and write /sys/exporter-lake") // also for root

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = full.WriteString("x")
	wantFault(t, lake.DiskError(openFiles(t, dir, l), err), fault.Transient, "no space left", "Free space on the file system of "+dir)
	if err := full.Close(); err != nil {
		t.Error(err)
	}
}

// TestFolderIsMade: the sink's folder is made by a load, not by a look at it.
func TestFolderIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	s := openFiles(t, dir, layout("parquet", "zstd"))
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if list, err := s.Committed(t.Context(), "facts", day, day.AddDate(0, 0, 1)); err != nil || len(list) > 0 {
		t.Errorf("ledger has %v, %v", list, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a look made the folder")
	}
	rows := batch(0, 2, "a")
	bring(t, s, rows)
}

func TestRefusedBuckets(t *testing.T) {
	s := newService(t)
	t.Setenv("STORAGE_EMULATOR_HOST", s.http.URL)
	sink := openBucket(t, nil, "exports", layout("csv", "none"))
	answer := func(code int, reason string) {
		s.on(func(w http.ResponseWriter, _ *http.Request, _ func()) { refuse(w, code, reason, "Said the service.") })
	}
	answer(http.StatusForbidden, "forbidden")
	both(t, sink, fault.Auth, "Said the service.", "roles/storage.objectUser")
	answer(http.StatusUnauthorized, "authError")
	both(t, sink, fault.Auth, "Said the service.", "gcloud auth application-default login")
	answer(http.StatusForbidden, "rateLimitExceeded")
	both(t, sink, fault.Transient, "Said the service.", "asks for patience")
	answer(http.StatusBadRequest, "invalid")
	both(t, sink, fault.Permanent, "Said the service.", "")
	s.on(nil)
	s.setAway(true)
	both(t, sink, fault.Transient, "127.0.0.1", "Start the emulator")
	s.setAway(false)
	none, err := lake.GCS().Open(t.Context(), &lake.GCSConfig{Layout: layout("csv", "none"), Bucket: "nobody-has-this"})
	both(t, closing(t)(none, err), fault.Config, "bucket nobody-has-this does not exist", "gcloud storage buckets create gs://nobody-has-this")
}

// TestLogins: no login, and one that has expired, are told apart from a network that
// is down. Neither reaches the service.
func TestLogins(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("HOME", t.TempDir())
	key := filepath.Join(t.TempDir(), "key.json")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", key)
	open := func() sinks.Sink { return openBucket(t, nil, "exports", layout("csv", "none")) }
	both(t, open(), fault.Auth, "key.json", "GOOGLE_APPLICATION_CREDENTIALS")

	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`))
	}))
	defer tokens.Close()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "exporter@p.iam.gserviceaccount.com", "client_id": "1",
		"token_uri":   tokens.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, text, 0o600); err != nil {
		t.Fatal(err)
	}
	both(t, open(), fault.Auth, "invalid_grant", "The login has expired or was withdrawn")
}

// TestStrangers: what no manifest names is neither replaced nor removed.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace()
			rows := batch(0, 2, "mine")
			bring(t, p.open(), rows)
			l := loadOf(facts, rows)
			if err := p.forget("facts/dt=2026-03-01/_manifest-facts-north-0000.json"); err != nil {
				t.Fatal(err)
			}
			before, content := only(t, p, "facts")
			wantFault(t, try(t, p.open(), l, rows), fault.Config, before+" is there", "Remove the object if nobody needs it")
			if after, now := only(t, p, "facts"); after != before || string(now) != string(content) {
				t.Error("the object was changed")
			}
			if err := p.forget(before); err != nil {
				t.Fatal(err)
			}
			bring(t, p.open(), rows)
		})
	}
}

// TestDamagedManifest: what cannot be read is not written over.
func TestDamagedManifest(t *testing.T) {
	dir := t.TempDir()
	s := openFiles(t, dir, layout("csv", "none"))
	rows := batch(0, 2, "a")
	bring(t, s, rows)
	if err := os.WriteFile(filepath.Join(dir, "facts/dt=2026-03-01/_manifest-facts-north-0000.json"), []byte(`{"version": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFault(t, try(t, s, loadOf(facts, rows), rows), fault.Permanent, "_manifest-facts-north-0000.json: version 2 is not known", "Another version of the exporter")
}
