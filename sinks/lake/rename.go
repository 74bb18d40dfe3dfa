package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

// renamesFolder has <old job>.json: to whom its slices went.
const renamesFolder = "_renames"

type renaming struct {
	Job string    `json:"job"`
	To  string    `json:"renamed_to"`
	At  time.Time `json:"renamed_at"`
}

func renamingName(job string) string { return renamesFolder + "/" + escape(job, "-") + ".json" }

// Rename implements sinks.Renamer. First it is written down that the job has another name,
// which loads under the old one look for before they take a slice; then the slices are
// fenced, so that loads which began before lose. A slice is given away by a manifest of
// the new job's name that publishes the objects that are there under its own names, and
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
	moves, left, err := s.moves(ctx, from, to)
	if err == nil {
		err = s.forget(ctx, left.given)
	}
	if err != nil || len(moves) == 0 {
		return err
	}
	for _, job := range from {
		if err := s.noteRenaming(ctx, job, to); err != nil {
			return err
		}
	}
	if _, generation, err := s.renaming(ctx, to); err != nil || generation != 0 { // it has its name back
		if err = errors.Join(err, s.store.remove(ctx, renamingName(to), generation)); err != nil {
			return err
		}
	}
	moves, left, err = s.moves(ctx, from, to) // with what was loaded meanwhile
	if err == nil {
		err = s.forget(ctx, left.begun) // the load that began it loses
	}
	if err != nil {
		return err
	}
	for _, m := range moves {
		if err := s.give(ctx, m, to); err != nil {
			return err
		}
	}
	return nil
}

// move is a committed slice and the place it goes to.
type move struct{ old, next found }

// left is what there is of old names besides slices to give: what was only begun, and
// what has been given away. Of two who rename at once the one may have fenced a slice for
// the last time, and so kept the other from removing its manifest.
type left struct{ begun, given []found }

func (s *sink) forget(ctx context.Context, list []found) error {
	for _, f := range list {
		if err := s.store.remove(ctx, f.place.manifest(), f.generation); err != nil {
			return err
		}
	}
	return nil
}

// moves returns what is committed of jobs, with where it goes, and what else is left.
func (s *sink) moves(ctx context.Context, from []string, to string) (list []move, rest left, err error) {
	there, err := s.settled(ctx, to, span{}) // also finishes what was begun
	if err != nil {
		return nil, rest, err
	}
	taken := make(map[place]found)
	for _, f := range there.manifests {
		taken[f.place] = f
	}
	for _, job := range from {
		v, err := s.settled(ctx, job, span{})
		if err != nil {
			return nil, rest, err
		}
		for _, f := range v.manifests {
			p := f.place
			p.stem = escape(to, "-") + strings.TrimPrefix(p.stem, escape(job, "-"))
			next := taken[p]
			switch {
			case f.manifest.State != committed:
				rest.begun = append(rest.begun, f)
				continue
			case v.whole(f.manifest):
			case next.manifest.LoadID == f.manifest.LoadID:
				rest.given = append(rest.given, f)
				continue
			default: // somebody has removed its objects
				continue
			}
			if next.manifest.LoadID != "" {
				return nil, rest, sinks.NamedTwice(from, to, fmt.Errorf("%s is there", p.manifest()))
			}
			next.place = p
			taken[p] = found{manifest: f.manifest}
			list = append(list, move{f, next})
		}
	}
	return list, rest, nil
}

// give fences a slice and gives it to another job's place.
func (s *sink) give(ctx context.Context, m move, to string) error {
	f, next := m.old, m.next
	f.manifest.Fence += "-"
	text, err := f.manifest.document()
	if err == nil {
		f.generation, err = s.store.put(ctx, f.place.manifest(), text, f.generation)
	}
	if err != nil {
		return err
	}
	next.manifest = f.given(to, next.place)
	if text, err = next.manifest.document(); err != nil {
		return err
	}
	if next.generation, err = s.store.put(ctx, next.place.manifest(), text, next.generation); err != nil {
		return err
	}
	if _, err = s.settle(ctx, next); err != nil {
		return err
	}
	s.learn(to, next.place.table)
	return nil
}

// noteRenaming writes down that a job's slices go to another.
func (s *sink) noteRenaming(ctx context.Context, job, to string) error {
	name := renamingName(job)
	r, generation, err := s.renaming(ctx, job)
	if err != nil || r.To == to {
		return err
	}
	text, err := json.Marshal(renaming{Job: job, To: to, At: s.now().UTC()})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = s.store.put(ctx, name, append(text, '\n'), generation)
	return err
}

// renaming is what is written down of a job's name; without any its generation is 0.
func (s *sink) renaming(ctx context.Context, job string) (r renaming, generation int64, err error) {
	text, generation, err := s.store.read(ctx, renamingName(job))
	if errors.Is(err, errGone) {
		return r, 0, nil
	}
	if err == nil {
		if err = json.Unmarshal(text, &r); err != nil {
			err = fault.New(fault.Permanent, "read %s: %w", renamingName(job), err).WithHint("Somebody else has written it. Remove it.")
		}
	}
	return r, generation, err
}

// refuseRenamed refuses a job that has another name since.
func (s *sink) refuseRenamed(ctx context.Context, job string) error {
	r, _, err := s.renaming(ctx, job)
	if err != nil || r.To == "" {
		return err
	}
	return sinks.Renamed(job, r.To, "remove "+renamingName(job)+" in "+s.store.at())
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
