package lake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"exporter/sinks"
)

// Rename implements sinks.Renamer. A slice is given away by a manifest of the new
// job's name that publishes the objects that are there under its own names, and
// removes the old manifest, then the objects under their old names. That is done as a
// load does it, so that whoever comes next finishes what a killed process began. The
// slices go one after the other; until the last has, each
// belongs to one of the two jobs.
func (s *sink) Rename(ctx context.Context, from []string, to string) error {
	err := errMoved
	for tries := 0; tries < 100 && errors.Is(err, errMoved); tries++ {
		err = s.rename(ctx, from, to)
	}
	return wrap(ctx, err, fmt.Sprintf("rename slices of %s to %s", strings.Join(from, ", "), to))
}

func (s *sink) rename(ctx context.Context, from []string, to string) error {
	there, err := s.settled(ctx, to, span{}) // also finishes what was begun
	if err != nil {
		return err
	}
	var old []found
	for _, job := range from {
		v, err := s.settled(ctx, job, span{})
		if err != nil {
			return err
		}
		for _, f := range v.manifests {
			if f.manifest.State == committed && v.whole(f.manifest) { // else nothing is loaded; who began it ends it
				old = append(old, f)
			}
		}
	}
	if len(old) == 0 {
		return nil
	}
	taken := make(map[place]found)
	for _, f := range there.manifests {
		taken[f.place] = f
	}
	var moves []found
	for _, f := range old {
		p := f.place
		p.stem = escape(to, "-") + strings.TrimPrefix(p.stem, escape(f.manifest.Job, "-"))
		next := taken[p]
		if next.manifest.LoadID != "" {
			return sinks.NamedTwice(from, to, fmt.Errorf("%s is there", p.manifest()))
		}
		next.place, next.manifest = p, f.given(to, p)
		taken[p] = next
		moves = append(moves, next)
	}
	for _, f := range moves {
		text, err := f.manifest.document()
		if err != nil {
			return err
		}
		if f.generation, err = s.store.put(ctx, f.place.manifest(), text, f.generation); err != nil {
			return err
		}
		if _, err = s.settle(ctx, f); err != nil {
			return err
		}
		s.learn(to, f.place.table)
	}
	return nil
}

// given is the manifest of a slice that goes to another job and place.
func (f found) given(job string, p place) manifest {
	m := f.manifest
	m.Job, m.State = job, publishing
	objects := m.Objects
	m.Objects, m.Leaves = nil, objects
	for _, o := range objects {
		o.Staged, o.StagedGeneration, o.Replaces = o.Name, o.Generation, 0
		o.Name = parent(o.Name) + "/" + p.stem + strings.TrimPrefix(o.Name, parent(o.Name)+"/"+f.place.stem)
		m.Objects = append(m.Objects, o)
	}
	m.Removes = []object{{Table: f.place.table, Name: f.place.manifest(), Generation: f.generation}}
	return m
}
