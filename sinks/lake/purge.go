package lake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"exporter/sinks"
)

var _ sinks.Purger = (*sink)(nil)

// Purge implements sinks.Purger, slice after slice: the manifest is written again as
// one of which nothing is committed, so that loads that began before fail and readers
// see the slice go as a whole; then its objects are removed, and the manifest last. A
// purge that is killed is found in that manifest by the next, or by the next load.
func (s *sink) Purge(ctx context.Context, p sinks.Purge) (sinks.Purged, error) {
	done, err := s.purge(ctx, p)
	return done, wrap(ctx, err, "purge slices of job "+p.Job)
}

// Affected implements sinks.Purger.
func (s *sink) Affected(ctx context.Context, p sinks.Purge) ([]string, error) {
	tables, err := s.tables(ctx)
	var v view
	if err == nil {
		v, err = s.find(ctx, p.Job, span{p.From, p.To}, false, tables)
	}
	if err != nil {
		return nil, wrap(ctx, err, "look for slices of job "+p.Job)
	}
	var list []string
	for _, f := range v.manifests {
		for _, o := range f.manifest.Objects {
			list = append(list, strings.TrimSuffix(o.Table, sinks.RejectsSuffix))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// tables returns the folders of all tables: a job may have filled others before.
func (s *sink) tables(ctx context.Context) ([]string, error) {
	tables, err := s.store.folders(ctx)
	return slices.DeleteFunc(tables, func(name string) bool { return !tableName.MatchString(name) }), err
}

func (s *sink) purge(ctx context.Context, p sinks.Purge) (done sinks.Purged, err error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return done, err
	}
	for tries := 0; ; tries++ {
		v, err := s.find(ctx, p.Job, span{p.From, p.To}, false, tables)
		if err != nil {
			return done, err
		}
		moved := error(nil)
		for _, f := range v.manifests {
			err := s.purgeSlice(ctx, f, &done)
			if errors.Is(err, errMoved) || errors.Is(err, errGone) {
				moved = err // somebody has begun or finished a load: it is looked at again
				continue
			}
			if err != nil {
				return done, err
			}
		}
		if moved == nil || tries == 100 {
			return done, moved
		}
	}
}

// purgeSlice removes one slice, unless its manifest has moved.
func (s *sink) purgeSlice(ctx context.Context, f found, done *sinks.Purged) error {
	f, err := s.settle(ctx, f)
	if err != nil {
		return err
	}
	// Of loads that are over, or will be with the manifest: what later ones stage is theirs.
	staged, err := s.store.list(ctx, f.place.staging(), "", "")
	if err != nil {
		return err
	}
	m := f.manifest
	counts := sinks.Purged{Slices: 1, Rows: m.Written, Rejects: m.Rejected, Objects: int64(len(m.Objects))}
	m.State, m.Fence = loading, m.Fence+"-"
	text, err := m.document()
	if err != nil {
		return err
	}
	generation, err := s.store.put(ctx, f.place.manifest(), text, f.generation)
	if err != nil {
		return err
	}
	for _, o := range m.Objects {
		if err := s.store.remove(ctx, o.Name, o.Generation); err != nil {
			return err
		}
	}
	for _, e := range staged {
		if err := s.store.remove(ctx, e.name, e.generation); err != nil {
			return err
		}
	}
	if err := s.store.remove(ctx, f.place.manifest(), generation); err != nil {
		return err
	}
	done.Slices, done.Rows, done.Rejects, done.Objects = done.Slices+counts.Slices, done.Rows+counts.Rows, done.Rejects+counts.Rejects, done.Objects+counts.Objects
	return nil
}
