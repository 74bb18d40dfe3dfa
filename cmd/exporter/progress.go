package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

// progressWatcher draws a line per slice at work and one for all of them.
// Finished lines scroll away upwards, log lines appear between them.
type progressWatcher struct {
	cfg   *config.Config
	pw    progress.Writer
	drawn sync.WaitGroup
	over  chan struct{} // closed when drawing has ended

	mu     sync.Mutex
	total  *progress.Tracker
	slices map[sliceID]*progress.Tracker
	said   map[string]bool // what was warned of
	eta    *eta
}

var _ watcher = (*progressWatcher)(nil)

func newProgress(w io.Writer, width int, cfg *config.Config, now func() time.Time) *progressWatcher {
	pw := progress.NewWriter()
	pw.SetOutputWriter(w)
	pw.SetTerminalWidth(width)
	pw.SetTrackerLength(16)
	pw.SetMessageLength(min(64, max(24, width-42))) // what bar, percentage, rows and time leave
	pw.SetTrackerPosition(progress.PositionRight)
	pw.SetUpdateFrequency(150 * time.Millisecond)
	style := progress.StyleDefault
	style.Options.Separator = " "
	style.Options.DoneString, style.Options.ErrorString = "done", "not loaded"
	style.Options.TimeInProgressPrecision, style.Options.TimeDonePrecision = time.Second, 10*time.Millisecond
	style.Options.PercentFormat, style.Options.PercentIndeterminate = "%3.0f%%", "   ?"
	pw.SetStyle(style)
	p := &progressWatcher{
		cfg: cfg, pw: pw, over: make(chan struct{}), slices: map[sliceID]*progress.Tracker{}, said: map[string]bool{},
		total: &progress.Tracker{Message: "planning", AutoStopDisabled: true}, eta: newETA(now),
	}
	pw.AppendTracker(p.total)
	p.drawn.Go(func() {
		defer close(p.over)
		pw.Render()
	})
	return p
}

// Write takes lines of the log.
func (p *progressWatcher) Write(line []byte) (int, error) {
	p.pw.Log("%s", strings.TrimRight(string(line), "\n"))
	return len(line), nil
}

func (p *progressWatcher) notify(e jobs.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := idOf(e)
	switch e.Kind {
	case jobs.RunPlanned, jobs.RunProgress:
		p.overall(e.Run)
	case jobs.SliceBegan:
		p.slice(id, e)
	case jobs.SliceRead:
		t := p.slice(id, e)
		t.UpdateMessage(fmt.Sprintf("%s page %d", where(p.cfg, e), e.Pages))
		if e.Expected != sources.Unknown {
			t.UpdateTotal(e.Expected)
		}
		t.SetValue(e.Rows)
	case jobs.QuotaWaits:
		p.pw.Log("%s: waiting for quota, next page at %s", e.Run.Job, p.clock(e))
	case jobs.SliceRetries:
		p.slice(id, e).UpdateMessage(fmt.Sprintf("%s again at %s", where(p.cfg, e), p.clock(e)))
		p.pw.Log("%s", where(p.cfg, e)+": "+oneLine(e.Err.Error()))
	case jobs.SliceLoaded:
		p.slice(id, e).UpdateMessage(fmt.Sprintf("%s in %s", where(p.cfg, e), e.Sink))
	case jobs.SliceEnded:
		p.ended(id, e)
	case jobs.Warning:
		if what := topic(e); e.Sink == "" || !p.said[what] {
			p.said[what] = true
			p.pw.Log("%s", "warning: "+oneLine(e.Text))
		}
	case jobs.Follows:
		p.pw.Log("%s", oneLine(e.Text))
	case jobs.RunEnded: // the summary tells
	}
}

// overall draws the line of all slices.
func (p *progressWatcher) overall(run state.Run) {
	p.eta.saw(run)
	at, done, all := p.eta.end()
	p.total.UpdateTotal(int64(all))
	p.total.SetValue(int64(done))
	text := count(all-done, "slice") + " to go"
	if !at.IsZero() {
		text += ", done about " + soon(at, p.eta.now(), p.cfg.Exporter.Zone)
	}
	p.total.UpdateMessage(text)
}

// slice returns the line of a slice, begun with its first event.
func (p *progressWatcher) slice(id sliceID, e jobs.Event) *progress.Tracker {
	t, ok := p.slices[id]
	if !ok {
		t = &progress.Tracker{Message: where(p.cfg, e), AutoStopDisabled: true}
		p.slices[id] = t
		p.pw.AppendTracker(t)
	}
	return t
}

func (p *progressWatcher) ended(id sliceID, e jobs.Event) {
	t := p.slice(id, e)
	message := where(p.cfg, e) + " " + e.State
	if !e.Until.IsZero() {
		message += " until " + p.clock(e)
	}
	t.UpdateMessage(message)
	if e.Err != nil {
		t.MarkAsErrored()
	} else {
		t.MarkAsDone()
	}
	delete(p.slices, id)
}

// close draws what is left and ends the drawing. The line of all slices is never
// marked as done, because the library draws log lines only while one is active.
func (p *progressWatcher) close() {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		p.pw.Stop() // does nothing before drawing has begun
		select {
		case <-p.over:
			p.drawn.Wait()
			return
		case <-again.C:
		}
	}
}

// clock is until when an event's job or slice waits, on the job's clock.
func (p *progressWatcher) clock(e jobs.Event) string {
	return e.Until.In(zoneFor(p.cfg, e.Run.Job)).Format("15:04:05 MST")
}

// soon is an instant of these days for people: with its day if that is another.
func soon(at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04 MST")
	}
	return at.Format("2006-01-02 15:04 MST")
}
