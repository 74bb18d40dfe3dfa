package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/lmittmann/tint"
)

// level returns the least level that is logged: on a terminal progress and
// messages tell the rest.
func (p *program) level() (slog.Level, error) {
	if p.flags.logLevel == "" {
		if terminal(p.Stderr) > 0 {
			return slog.LevelWarn, nil
		}
		return slog.LevelInfo, nil
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(p.flags.logLevel)); err != nil {
		return 0, fmt.Errorf("--log-level %q: write debug, info, warn or error", p.flags.logLevel)
	}
	return l, nil
}

// logger returns the log that is written to w: tint for a person at a terminal,
// slog's own text or JSON for everything that collects logs.
func (p *program) logger(w io.Writer) *slog.Logger {
	level, err := p.level()
	if err != nil {
		panic(err) // begin has checked it
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC}
	switch {
	case p.flags.logFormat == "json":
		return slog.New(slog.NewJSONHandler(w, o))
	case terminal(p.Stderr) > 0:
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05 MST", ReplaceAttr: inUTC}))
	default:
		return slog.New(slog.NewTextHandler(w, o))
	}
}

// inUTC has the times of a log in one zone, its own and those it is about.
func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}
