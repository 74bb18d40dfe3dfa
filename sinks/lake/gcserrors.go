package lake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"exporter/fault"
)

// wrap gives an error of the service its class and hint and says what was done when
// it came. What the callers of a store branch on is errMoved or errGone.
func (b *bucket) wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	class, hint := b.classify(err)
	var reply *googleapi.Error
	isReply := errors.As(err, &reply)
	switch {
	case isReply && reply.Code == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", what, errMoved)
	case errors.Is(err, storage.ErrBucketNotExist), isReply && reply.Code == http.StatusNotFound && strings.Contains(strings.ToLower(reply.Message), "bucket"):
		return fault.New(fault.Config, "%s: bucket %s does not exist: %w", what, b.name, err).
			WithHint("Create it (gcloud storage buckets create gs://%s), or correct bucket of the sink.", b.name)
	case errors.Is(err, storage.ErrObjectNotExist):
		return fmt.Errorf("%s: %w", what, errGone)
	}
	return fault.New(class, "%s in %s: %w", what, b.at(), err).WithHint("%s", hint)
}

func (b *bucket) classify(err error) (class fault.Class, hint string) {
	const again = " The load is tried again."
	var reply *googleapi.Error
	var token *auth.Error
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	text := err.Error()
	switch {
	case errors.As(err, &reply):
		return b.classifyReply(reply)
	case errors.As(err, &token) && token.Response != nil && token.Response.StatusCode < http.StatusInternalServerError, strings.Contains(text, "invalid_grant"):
		return fault.Auth, `The login has expired or was withdrawn. Log in again ("gcloud auth application-default login"), or renew the key that GOOGLE_APPLICATION_CREDENTIALS names.`
	case strings.Contains(text, "could not find default credentials"), strings.Contains(text, "credentials: "), errors.Is(err, os.ErrNotExist):
		return fault.Auth, `Name the key file of a service account in GOOGLE_APPLICATION_CREDENTIALS, log in with "gcloud auth application-default login", or run where a service account is attached.`
	case errors.As(err, &certificate):
		return fault.Config, "The certificate of the service is not trusted: a proxy may stand between. Install its authority on this machine."
	case errors.Is(err, context.Canceled):
		return fault.Interrupted, ""
	case errors.As(err, &name):
		return fault.Transient, "The host cannot be looked up. Check DNS, and " + emulatorVariable + " if it is set." + again
	}
	if host := os.Getenv(emulatorVariable); host != "" {
		return fault.Transient, fmt.Sprintf("No answer from %s, which %s names. Start the emulator, or take the variable out of the environment.", host, emulatorVariable) + again
	}
	return fault.Transient, "Check that storage.googleapis.com can be reached from here." + again
}

func (b *bucket) classifyReply(reply *googleapi.Error) (class fault.Class, hint string) {
	text := strings.ToLower(reply.Error()) // of reads the library keeps the body alone
	switch {
	case reply.Code == http.StatusUnauthorized:
		return fault.Auth, `The login is not accepted. Log in again ("gcloud auth application-default login"), or renew the key that GOOGLE_APPLICATION_CREDENTIALS names.`
	case reply.Code == http.StatusTooManyRequests, reply.Code == http.StatusForbidden && strings.Contains(text, "ratelimit"):
		return fault.Transient, "The service asks for patience. The load is tried again."
	case reply.Code == http.StatusForbidden && strings.Contains(text, "retentionpolicynotmet"):
		return fault.Config, fmt.Sprintf("Bucket %s keeps objects from being replaced for a time (retention policy, holds). Use a bucket without.", b.name)
	case reply.Code == http.StatusForbidden:
		return fault.Auth, fmt.Sprintf(`Give the login the role "Storage Object User" (roles/storage.objectUser) on bucket %s: it lists, reads, writes, replaces and removes objects.`, b.name)
	case reply.Code == http.StatusBadRequest && strings.Contains(text, "crc32c"):
		return fault.Transient, hintChanged
	case reply.Code == http.StatusNotFound, reply.Code == http.StatusGone:
		return fault.Transient, "The service has forgotten the upload. The load is tried again."
	case reply.Code == http.StatusRequestTimeout, reply.Code >= http.StatusInternalServerError:
		return fault.Transient, "The service has a problem. The load is tried again."
	}
	return fault.Permanent, ""
}
