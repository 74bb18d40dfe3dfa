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
	if err := e.exclusive(ctx, "check"); err != nil {
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

// Login connects a source's credential with a person's help: ask shows them the
// address, which carries state, and returns the code they were given. It fails
// while another process works on the state. While the person is away anybody may
// work; the code then waits for the end of that, because its exchange is a request
// like any other.
func (e *Engine) Login(ctx context.Context, s *config.Source, state string, ask func(address string) (code string, err error)) error {
	var address, code string
	err := e.withLogin(ctx, s, func(l sources.Login) error {
		address = l.LoginURL(state)
		return nil
	})
	if err == nil && address != "" { // else the source says which settings stand in for a login
		code, err = ask(address)
	}
	if err != nil {
		return err
	}
	return e.whenFree(ctx, codeLife, func() error {
		return e.withLogin(ctx, s, func(l sources.Login) error { return l.Login(ctx, code) })
	})
}

// withLogin calls f with a source that a person can connect. Nobody else works on
// the state meanwhile.
func (e *Engine) withLogin(ctx context.Context, s *config.Source, f func(sources.Login) error) (err error) {
	if err := e.exclusive(ctx, "auth login"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.shared(context.WithoutCancel(ctx))) }()
	src, err := e.source(ctx, s, s.Driver.Kinds[0].Options(), nil)
	if err != nil {
		return err
	}
	defer e.shut(src)
	l, ok := src.(sources.Login)
	if !ok {
		return fault.New(fault.Config, "source %s (%s) has no login to make: its keys stand in the configuration", s.Name, s.Driver.Name).
			WithHint("`exporter validate --connect` tries them.")
	}
	return f(l)
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
			e.o.Notify(Event{Kind: Warning, Text: "another process works on this state (" + held.Holder + "); waiting for it"})
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
