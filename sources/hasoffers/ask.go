package hasoffers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// fieldError is the refusal of a field, wherever in the request it stood.
type fieldError struct {
	name string
	err  *fault.Error
}

func (e *fieldError) Error() string { return e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// config blames a setting of the job.
func (e *fieldError) config(key string) error {
	return fault.New(fault.Config, "%s: %w", key, e).
		WithHint("Take %s out of %s of the job, or ask TUNE to allow it.", e.name, key)
}

// ask makes one call and decodes its rows. It fails unless the vendor says that
// the call succeeded.
func (s *source) ask(ctx context.Context, method, query string, d *decoder) (answer, error) {
	got, err := s.call(ctx, method, query, d)
	if err != nil {
		return got, fmt.Errorf("%s::%s: %w", model, method, err)
	}
	return got, nil
}

func (s *source) call(ctx context.Context, method, query string, d *decoder) (got answer, err error) {
	resp, err := s.client.Do(ctx, &httpapi.Request{URL: s.address(method, query), Want: "application/json"})
	if err != nil {
		if fault.ClassOf(err) == fault.Auth && forbidden(err.Error()) {
			err = s.notPermitted(method, err)
		}
		return answer{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	got, err = d.decode(resp.Body)
	if err != nil {
		return got, err
	}
	if got.status == 1 {
		return got, nil
	}
	for i, text := range got.texts {
		got.texts[i] = s.client.Redact(text)
	}
	refused := explain(got.texts)
	text := refused.Error()
	switch {
	case refused.Class == fault.Throttled:
		return got, resp.Throttled(refused.Wait, text)
	case forbidden(text):
		return got, s.notPermitted(method, refused)
	case fieldIn(text) != "":
		return got, &fieldError{fieldIn(text), refused}
	}
	return got, refused
}

// forbidden tells a login that works but does not suffice.
func forbidden(text string) bool {
	return strings.Contains(strings.ToLower(text), "insufficient permissions")
}

// notPermitted is the failure of a login that works, but not for this method.
func (s *source) notPermitted(method string, cause error) *fault.Error {
	err := fault.New(fault.Auth, "%s::%s is not permitted for network %s: %w", model, method, s.config.NetworkID, cause)
	if method == methodAll {
		return err.WithHint("Ask TUNE to add %s::%s and network %s to the integrator's access.", model, method, s.config.NetworkID)
	}
	return err.WithHint("Ask TUNE to add %s::%s to the integrator's access for network %s, or take restate = %q out of the job's options and let lookback read changes again.",
		model, method, s.config.NetworkID, restateUpdates)
}
