package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

type sink struct {
	driver string
	layout Layout
	store  store
	now    func() time.Time

	mu    sync.Mutex
	known map[string][]string // job: tables that have its manifests
}

var (
	_ sinks.Sink        = (*sink)(nil)
	_ sinks.RunRecorder = (*sink)(nil)
	_ sinks.Fitter      = (*sink)(nil)
	_ sinks.Renamer     = (*sink)(nil)
)

func newSink(driver string, layout Layout, s store) *sink {
	return &sink{driver: driver, layout: layout, store: s, now: time.Now, known: make(map[string][]string)}
}

// Begin implements sinks.Sink.
func (s *sink) Begin(ctx context.Context, load sinks.Load) (sinks.Writer, error) {
	err := load.Refuse(s.driver, modes)
	if err == nil {
		err = refuseTables(load)
	}
	if err != nil {
		return nil, fmt.Errorf("begin load: %w", err)
	}
	w, err := s.begin(ctx, load)
	if err != nil {
		return nil, wrap(ctx, err, "begin load")
	}
	return w, nil
}

func (s *sink) begin(ctx context.Context, load sinks.Load) (*writer, error) {
	tables, err := s.fit(ctx, load)
	if err != nil {
		return nil, err
	}
	w := newWriter(ctx, s, load, tables)
	for tries := 0; ; tries++ {
		err := w.fence(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, errMoved) || tries == 100 {
			return nil, err
		}
	}
	s.learn(load.Slice.Job, w.place.table)
	if err := s.sweep(ctx, w.place); err != nil {
		return nil, err
	}
	return w, nil
}

// fence looks at what there is of the slice, and takes it over from every writer
// that began before: the manifest's generation moves.
func (w *writer) fence(ctx context.Context) error {
	s, slice := w.sink, w.load.Slice
	v, err := s.find(ctx, slice.Job, only(slice), slice.Start.IsZero(), w.homes())
	if err != nil {
		return err
	}
	w.place, w.before, w.others = placeOf(w.load.Tables[0].Name, slice), found{}, nil
	for _, f := range v.ofSlice(slice) {
		if f, err = s.settle(ctx, f); err != nil {
			return err
		}
		switch {
		case f.place.table == w.place.table && w.before.generation == 0: // also where a day's name was another
			w.place, w.before = f.place, f
		default:
			w.others = append(w.others, f)
		}
	}
	// What settling has changed, and what came since the list was made.
	if v, err = s.find(ctx, slice.Job, only(slice), slice.Start.IsZero(), w.homes()); err != nil {
		return err
	}
	w.there = v.objects
	now, err := s.read(ctx, w.place)
	switch {
	case err != nil:
		return err
	case now.generation != 0 && !now.manifest.of(slice):
		return fault.New(fault.Config, "%s is of part %q of job %s, interval %s", w.place.manifest(), now.manifest.Part, now.manifest.Job, now.manifest.slice().Interval()).
			WithHint("Two slices would have the same objects. Set another table in one of the jobs.")
	case now.generation != w.before.generation, now.manifest.State == publishing:
		return errMoved
	case w.load.Mode == sinks.Append && (now.manifest.State == committed && v.whole(now.manifest) || slices.ContainsFunc(w.others, func(f found) bool { return f.manifest.State == committed && v.whole(f.manifest) })):
		return w.load.Appended()
	}
	w.before = now
	if err := w.refuseStrangers(); err != nil {
		return err
	}
	// After the manifest was read and before it is written: see [sink.Rename].
	if err := s.refuseRenamed(ctx, slice.Job); err != nil {
		return err
	}
	m := now.manifest
	if now.generation == 0 {
		m = manifest{State: loading, Job: slice.Job, Part: slice.Part, Start: slice.Start, End: slice.End}
	}
	m.Fence = w.load.LoadID
	text, err := m.document()
	if err != nil {
		return err
	}
	w.fenced, err = s.store.put(ctx, w.place.manifest(), text, now.generation)
	w.fencedText = m
	return err
}

// homes returns the folders to look into: those of the load's tables, and those
// that had the slice before.
func (w *writer) homes() []string {
	s := w.sink
	s.mu.Lock()
	list := slices.Clone(s.known[w.load.Slice.Job])
	s.mu.Unlock()
	for _, t := range w.load.Tables {
		list = append(list, t.Name, t.Name+sinks.RejectsSuffix)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// refuseStrangers refuses a slice whose names other objects have, which no manifest
// knows.
func (w *writer) refuseStrangers() error {
	own := make(map[string]bool)
	for _, f := range append(w.others, w.before) {
		for _, o := range f.manifest.Objects {
			own[o.Name] = true
		}
	}
	for _, t := range w.load.Tables {
		for _, table := range []string{t.Name, t.Name + sinks.RejectsSuffix} {
			name := w.place.object(table, 0, w.sink.layout.extension())
			if _, there := w.there[name]; there && !own[name] {
				return w.stranger(name)
			}
		}
	}
	return nil
}

func (w *writer) stranger(name string) error {
	return fault.New(fault.Config, "%s is there in %s, and no manifest has it", name, w.sink.store.at()).
		WithHint("Somebody else writes into this place, or removed the manifest. Remove the object if nobody needs it, or give the sink a prefix (or dir) of its own.")
}

// Check implements sinks.Sink.
func (s *sink) Check(ctx context.Context) error {
	return wrap(ctx, s.store.check(ctx), "check "+s.driver+" sink")
}

// Close implements sinks.Sink.
func (s *sink) Close() error { return s.store.close() }

// wrap says what was done when an error came. The end of a context explains every
// error that came after it.
func wrap(ctx context.Context, err error, what string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		if cause == nil || errors.Is(cause, ctx.Err()) {
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
		return fmt.Errorf("%s: %w: %w", what, ctx.Err(), cause)
	}
	if errors.Is(err, errMoved) {
		return fault.New(fault.Transient, "%s: %w", what, err).WithHint("Several loads work on the slice. It is tried again.")
	}
	return fmt.Errorf("%s: %w", what, err)
}
