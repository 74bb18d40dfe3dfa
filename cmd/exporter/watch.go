package main

import (
	"io"
	"log/slog"

	"exporter/jobs"
)

// logWatcher writes a log line for every event the engine does not log itself.
type logWatcher struct {
	io.Writer
	log *slog.Logger
}

var _ watcher = (*logWatcher)(nil)

func (w *logWatcher) notify(e jobs.Event) {
	log := w.log.With("job", e.Run.Job, "run", e.Run.ID)
	slice := log.With("interval", e.Interval.String(), "part", e.Part)
	switch e.Kind {
	case jobs.RunPlanned:
		log.Info("run planned", "slices", e.Slices)
	case jobs.SliceBegan:
		slice.Debug("slice began")
	case jobs.SliceRead:
		slice.Debug("page read", "page", e.Pages, "rows", e.Rows, "announced", e.Expected)
	case jobs.QuotaWaits:
		log.Info("waiting for quota", "next_page", e.Until.Local())
	case jobs.SliceLoaded:
		slice.Info("slice loaded", "sink", e.Sink, "state", e.State, "rows", e.Rows)
	case jobs.Warning:
		log.Warn("run needs attention", "text", e.Text)
	case jobs.SliceRetries, jobs.SliceEnded, jobs.RunEnded: // the engine logs these
	}
}

func (w *logWatcher) close() {}
