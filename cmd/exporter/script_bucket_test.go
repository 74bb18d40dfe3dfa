package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/rogpeppe/go-internal/testscript"
)

// bucket start FILE puts an emulator of Cloud Storage into the environment and its address
// into a file; bucket make NAME makes a bucket there; bucket put NAME/OBJECT, one whose
// content is its name, and bucket has NAME/OBJECT wants it unchanged.
func bucketing(ts *testscript.TestScript, args []string) error {
	s := stageOf(ts)
	switch bucket, object := split(args[1]); args[0] {
	case "start":
		front := httptest.NewUnstartedServer(nil)
		at := "http://" + front.Listener.Addr().String()
		fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: at, Writer: io.Discard})
		if err != nil {
			return err
		}
		front.Config.Handler = fake.HTTPHandler()
		front.Start()
		s.t.Cleanup(front.Close)
		s.buckets = fake
		ts.Setenv("STORAGE_EMULATOR_HOST", at)
		return os.WriteFile(ts.MkAbs(args[1]), []byte(at+"\n"), 0o600)
	case "make":
		s.buckets.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: args[1]})
	case "put":
		s.buckets.CreateObject(fakestorage.Object{ObjectAttrs: fakestorage.ObjectAttrs{BucketName: bucket, Name: object}, Content: []byte(object)})
	case "has":
		got, err := s.buckets.GetObject(bucket, object)
		if err != nil {
			return err
		}
		if string(got.Content) != object {
			return fmt.Errorf("%s has %d other bytes", args[1], len(got.Content))
		}
	default:
		return fmt.Errorf("bucket %s: want start, make, put or has", args[0])
	}
	return nil
}

func split(name string) (bucket, object string) {
	for i := range name {
		if name[i] == '/' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}

// expired FILE writes the key of a service account whose tokens are refused.
func expiring(ts *testscript.TestScript, args []string) error {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`)
	}))
	stageOf(ts).t.Cleanup(tokens.Close)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "exporter@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": tokens.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[0]), text, 0o600)
}
