package lake

import (
	"context"
	"errors"
	"fmt"

	"exporter/fault"
)

// settle finishes what a manifest says is being published, whoever began it: every
// staged object goes to its name, what the load before left over is removed, and
// then the manifest says so. It may be done by several at once and any number of
// times. It returns the manifest as it is then.
func (s *sink) settle(ctx context.Context, f found) (found, error) {
	for f.manifest.State == publishing {
		done, err := s.publish(ctx, f.manifest)
		if err == nil {
			var text []byte
			if text, err = done.document(); err != nil {
				return f, err
			}
			var generation int64
			if generation, err = s.store.put(ctx, f.place.manifest(), text, f.generation); err == nil {
				s.clear(ctx, f.manifest)
				f = found{f.place, done, generation}
				continue
			}
		}
		if !errors.Is(err, errMoved) && !errors.Is(err, errGone) {
			return f, err
		}
		now, readErr := s.read(ctx, f.place)
		if readErr != nil {
			return f, readErr
		}
		if now.generation == f.generation {
			return f, fault.New(fault.Permanent, "finish slice %s %s of job %s: %w", f.manifest.Part, f.manifest.slice().Interval(), f.manifest.Job, err).
				WithHint("Somebody else has written or removed an object of the slice. Remove %s and the objects that it names, and load the slice again.", f.place.manifest())
		}
		f = now
	}
	return f, nil
}

// publish brings the objects of a manifest to their names.
func (s *sink) publish(ctx context.Context, m manifest) (manifest, error) {
	done := m
	done.Objects = append([]object(nil), m.Objects...)
	for i, o := range m.Objects {
		if o.Staged == "" {
			continue // it is there
		}
		e, err := s.store.publish(ctx, o.staging(), o.Name, o.Replaces)
		if errors.Is(err, errMoved) || errors.Is(err, errGone) {
			e, err = s.published(ctx, o, err)
		}
		if err != nil {
			return m, err
		}
		done.Objects[i].Generation = e.generation
		done.Objects[i].Staged, done.Objects[i].StagedGeneration, done.Objects[i].Replaces = "", 0, 0
	}
	if err := s.tell(ctx, m); err != nil {
		return m, err
	}
	for _, o := range m.Removes {
		if err := s.store.remove(ctx, o.Name, o.Generation); err != nil {
			return m, err
		}
	}
	done.State, done.Removes, done.Leaves, done.Restated = committed, m.Leaves, nil, nil
	if len(done.Removes) > 0 {
		done.State = publishing
	}
	return done, nil
}

// published looks whether an object that could not be published has been already.
func (s *sink) published(ctx context.Context, o object, cause error) (entry, error) {
	e, err := s.store.stat(ctx, o.Name)
	switch {
	case errors.Is(err, errGone) && o.Replaces != 0: // what was there is gone, a purge may have been under way
		if e, err = s.store.publish(ctx, o.staging(), o.Name, 0); err != nil {
			return e, fmt.Errorf("publish %s: %w", o.Name, err)
		}
		return e, nil
	case errors.Is(err, errGone):
		return e, cause
	case err != nil:
		return e, err
	case o.is(e) && e.generation != o.Replaces:
		return e, nil
	}
	return e, fmt.Errorf("publish %s: %w", o.Name, cause)
}

// clear removes the staged objects of a manifest, or leaves them to the next load
// of the slice.
func (s *sink) clear(ctx context.Context, m manifest) {
	for _, o := range m.Objects {
		if o.Staged == "" {
			continue
		}
		_ = s.store.remove(ctx, o.Staged, o.StagedGeneration)
	}
}

// sweep removes what loads that were killed have staged for a place.
func (s *sink) sweep(ctx context.Context, p place) error {
	list, err := s.store.list(ctx, p.staging(), "", "")
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := s.store.remove(ctx, e.name, e.generation); err != nil {
			return err
		}
	}
	return nil
}
