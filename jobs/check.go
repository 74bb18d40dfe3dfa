package jobs

import (
	"context"
	"errors"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

// CheckSource proves the source's login. It fails while another process works on
// the state.
func (e *Engine) CheckSource(ctx context.Context, s *config.Source) error {
	if err := e.exclusive(ctx, "validate --connect"); err != nil {
		return err
	}
	kind := s.Driver.Kinds[0]
	src, err := e.source(ctx, s, kind.Options(), nil)
	if err != nil {
		return err
	}
	defer e.shut(src)
	if c, ok := src.(sources.Checker); ok {
		return c.Check(ctx)
	}
	return nil
}

// codeLife is how long a code is good for, at most.
const codeLife = 5 * time.Minute

// Consent is what a person is asked for.
type Consent struct {
	URL     string // of the vendor's page
	Returns bool   // the browser comes back to the address that was given
}

// Login connects a source's credential with a person's help: ask shows them the
// address, which carries state, and returns the code they were given. Redirect is
// an address of this machine that the browser can come back to, where the vendor
// can do that; "" = none. It fails while another process works on the state. While
// the person is away anybody may work; the code then waits for the end of that,
// because its exchange is a request like any other.
func (e *Engine) Login(ctx context.Context, s *config.Source, state, redirect string, ask func(Consent) (code string, err error)) error {
	var consent Consent
	var code string
	err := e.withLogin(ctx, s, func(l sources.Login) error {
		if r, ok := l.(sources.Returning); ok && redirect != "" {
			consent.URL = r.LoginURLTo(state, redirect)
		}
		if consent.Returns = consent.URL != ""; !consent.Returns {
			consent.URL = l.LoginURL(state)
		}
		return nil
	})
	if err == nil && consent.URL != "" { // else the source says which settings stand in for a login
		code, err = ask(consent)
	}
	if err != nil {
		return err
	}
	return e.whenFree(ctx, codeLife, func() error {
		return e.withLogin(ctx, s, func(l sources.Login) error { return l.Login(ctx, code) })
	})
}

// Logout makes the vendor forget a source's token, and forgets it too.
func (e *Engine) Logout(ctx context.Context, s *config.Source) error {
	return e.withSource(ctx, s, "auth logout", func(src sources.Source) error {
		l, ok := src.(sources.Logout)
		if !ok {
			return fault.New(fault.Config, "source %s (%s) has no logout: its vendor cannot be told to forget a token", s.Name, s.Driver.Name).
				WithHint("Withdraw the access at the vendor.")
		}
		return l.Logout(ctx)
	})
}

// withLogin calls f with a source that a person can connect.
func (e *Engine) withLogin(ctx context.Context, s *config.Source, f func(sources.Login) error) error {
	return e.withSource(ctx, s, "auth login", func(src sources.Source) error {
		l, ok := src.(sources.Login)
		if !ok {
			return fault.New(fault.Config, "source %s (%s) has no login to make: its keys stand in the configuration", s.Name, s.Driver.Name).
				WithHint("`exporter validate --connect` tries them.")
		}
		return f(l)
	})
}

// withSource calls f with a source. Nobody else works on the state meanwhile.
func (e *Engine) withSource(ctx context.Context, s *config.Source, what string, f func(sources.Source) error) (err error) {
	if err := e.exclusive(ctx, what); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.shared(context.WithoutCancel(ctx))) }()
	src, err := e.source(ctx, s, s.Driver.Kinds[0].Options(), nil)
	if err != nil {
		return err
	}
	defer e.shut(src)
	return f(src)
}

// whenFree calls f again for as long as another process works on the state, or
// until patience ends.
func (e *Engine) whenFree(ctx context.Context, patience time.Duration, f func() error) error {
	for began, first := time.Now(), true; ; first = false {
		err := f()
		var held *state.HeldError
		if !errors.As(err, &held) || time.Since(began) > patience {
			return err
		}
		if first {
			e.o.Notify(Event{Kind: Follows, Text: held.Who() + " works on this state; waiting for it"})
		}
		if err := sleep(ctx, followEvery); err != nil {
			return err
		}
	}
}

// CheckSink proves that the sink can be written to.
func (e *Engine) CheckSink(ctx context.Context, s *config.Sink) error {
	k, err := e.Sink(ctx, s)
	if err != nil {
		return err
	}
	return k.Check(ctx)
}

// Streams returns what a source offers, with the tables of every stream under
// its default options.
func (e *Engine) Streams(ctx context.Context, s *config.Source) ([]sources.Stream, error) {
	var out []sources.Stream
	for _, k := range s.Driver.Kinds {
		all, err := e.offered(ctx, s, k)
		if err != nil {
			return nil, err
		}
		for _, st := range all {
			if st.Name == k.Name {
				out = append(out, st)
			}
		}
	}
	return out, nil
}

func (e *Engine) offered(ctx context.Context, s *config.Source, k sources.Kind) ([]sources.Stream, error) {
	src, err := e.source(ctx, s, k.Options(), nil)
	if err != nil {
		return nil, err
	}
	defer e.shut(src)
	return src.Streams(ctx)
}
