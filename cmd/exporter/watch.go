package main

import (
	"io"
	"log/slog"
	"sync"

	"exporter/jobs"
)

// logWatcher writes a log line for every event the engine does not log itself.
type logWatcher struct {
	io.Writer
	log *slog.Logger

	mu  sync.Mutex
	eta *eta // nil: nobody waits for the end
}

var _ watcher = (*logWatcher)(nil)

func (w *logWatcher) notify(e jobs.Event) {
	log := w.log.With("job", e.Run.Job, "run", e.Run.ID)
	slice := log.With("interval", e.Interval.String(), "part", e.Part)
	switch e.Kind {
	case jobs.RunPlanned:
		log.Debug("run planned", "slices", e.Slices)
	case jobs.SliceBegan:
		slice.Debug("slice began")
	case jobs.SliceRead:
		slice.Debug("page read", "page", e.Pages, "rows", e.Rows, "announced", e.Expected)
	case jobs.QuotaWaits:
		log.Info("waiting for quota", "next_page", e.Until)
	case jobs.SliceLoaded:
		slice.Debug("slice loaded", "sink", e.Sink, "state", e.State, "rows", e.Rows)
	case jobs.Follows:
		log.Info("another process works on this state", "text", e.Text)
	case jobs.Warning:
		log.Warn("run needs attention", "text", e.Text)
	case jobs.RunProgress:
		w.progress(e, log)
	case jobs.SliceRetries, jobs.SliceEnded, jobs.RunEnded: // the engine logs these
	}
}

func (w *logWatcher) close() {}

// progress says once a minute how far the runs have come.
func (w *logWatcher) progress(e jobs.Event, log *slog.Logger) {
	if w.eta == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.eta.saw(e.Run)
	if !w.eta.due() {
		return
	}
	if at, done, all := w.eta.end(); !at.IsZero() {
		log.Info("progress", "done", done, "of", all, "end", at)
	}
}
