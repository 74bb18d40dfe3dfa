package lake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"exporter/sinks"
)

// found is a manifest as it is in the store.
type found struct {
	place      place
	manifest   manifest
	generation int64
}

// view is what was found in a span of several tables' folders.
type view struct {
	objects   map[string]entry
	manifests []found
	listed    map[string]bool // tables
}

// whole reports whether every object of a manifest is there. One that somebody
// dropped, or put another in place of, takes what was committed with it.
func (v view) whole(m manifest) bool {
	for _, o := range m.Objects {
		if e, there := v.objects[o.Name]; !there || !o.is(e) {
			return false
		}
	}
	return true
}

// find looks for a job's manifests in the folders of tables, and lists these and
// those of the manifests' objects.
func (s *sink) find(ctx context.Context, job string, r span, current bool, tables []string) (view, error) {
	v := view{objects: make(map[string]entry), listed: make(map[string]bool)}
	for _, t := range tables {
		if err := s.look(ctx, &v, job, r, current, t); err != nil {
			return v, err
		}
	}
	for _, f := range v.manifests {
		for _, t := range f.manifest.tablesOf() {
			if err := s.look(ctx, &v, "", r, current, t); err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

// look lists a span of one table's folder; manifests only of a job that is named.
func (s *sink) look(ctx context.Context, v *view, job string, r span, current bool, table string) error {
	if v.listed[table] {
		return nil
	}
	v.listed[table] = true
	first, end := r.bounds(table)
	prefix := table + "/"
	if current {
		prefix += currentFolder + "/"
	}
	list, err := s.store.list(ctx, prefix, first, end)
	if err != nil {
		return err
	}
	start := manifestPrefix + escape(job, "-") + "-"
	for _, e := range list {
		v.objects[e.name] = entry{name: e.name, generation: e.generation, size: e.size, crc: e.crc, summed: e.summed}
		p, is := placeAt(e.name)
		if !is || job == "" || !strings.HasPrefix(manifestPrefix+p.stem, start) {
			continue
		}
		f, err := s.parse(ctx, p, e)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return err
		}
		if f.manifest.Job == job && r.has(f.manifest.Start) {
			v.manifests = append(v.manifests, f)
		}
	}
	return nil
}

// parse reads the manifest of a list's entry.
func (s *sink) parse(ctx context.Context, p place, e entry) (found, error) {
	text, generation := e.document, e.generation
	if text == nil {
		var err error
		if text, generation, err = s.store.read(ctx, e.name); err != nil {
			return found{}, err
		}
	}
	m, err := readManifest(e.name, text)
	return found{p, m, generation}, err
}

// read reads the manifest of a place; without one its generation is 0.
func (s *sink) read(ctx context.Context, p place) (found, error) {
	text, generation, err := s.store.read(ctx, p.manifest())
	if errors.Is(err, errGone) {
		return found{place: p}, nil
	}
	if err != nil {
		return found{}, err
	}
	m, err := readManifest(p.manifest(), text)
	return found{p, m, generation}, err
}

// homes returns the tables that have manifests of a job: those that are known from
// what was found or loaded before, else all there are.
func (s *sink) homes(ctx context.Context, job string) ([]string, error) {
	s.mu.Lock()
	known := slices.Clone(s.known[job])
	s.mu.Unlock()
	if len(known) > 0 {
		return known, nil
	}
	return s.tables(ctx)
}

// learn remembers in whose folder a job's manifests are.
func (s *sink) learn(job, table string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.known[job], table) {
		s.known[job] = append(s.known[job], table)
	}
}

// ofSlice picks a slice's manifests, the one loaded last first.
func (v view) ofSlice(slice sinks.Slice) []found {
	var list []found
	for _, f := range v.manifests {
		if f.manifest.of(slice) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return b.manifest.LoadedAt.Compare(a.manifest.LoadedAt) })
	return list
}
