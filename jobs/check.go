package jobs

import (
	"context"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/sources"
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

// Login connects a source's credential with a person's help: ask shows them the
// address, which carries state, and returns the code they were given. It fails
// while another process works on the state, which would go on with the old tokens.
func (e *Engine) Login(ctx context.Context, s *config.Source, state string, ask func(address string) (code string, err error)) error {
	if err := e.exclusive(ctx, "auth login"); err != nil {
		return err
	}
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
	address := l.LoginURL(state)
	if address == "" {
		return l.Login(ctx, "") // says which settings stand in for a login
	}
	code, err := ask(address)
	if err != nil {
		return err
	}
	return l.Login(ctx, code)
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
