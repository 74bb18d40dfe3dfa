package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
	"exporter/status"
)

// glance tells where every job stands by what the state remembers, without asking
// sinks or vendors and without reading more of each than its newest slices.
func (p *program) glance(ctx context.Context, s *session) ([]status.Job, error) {
	health, err := s.engine.Health(ctx)
	if err != nil {
		return nil, err
	}
	waits, err := s.state.Waits(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	counts, err := s.state.SliceStates(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]status.Job, len(health))
	for i, h := range health {
		job := s.cfg.Job(h.Job)
		o := jobOf(job)
		standing(&o, h)
		wait(&o, waits)
		for _, c := range counts {
			if c.Job == o.Name {
				o.Slices[c.State] = c.N
			}
		}
		start, end, err := s.state.NewestComplete(ctx, o.Name, o.Sinks)
		if err != nil {
			return nil, err
		}
		o.CompleteStart, o.CompleteEnd = utc(start), utc(end)
		class, err := p.because(ctx, s, &o, h)
		if err != nil {
			return nil, err
		}
		o.Command = p.toPress(&o, class, job.Source)
		all[i] = o
	}
	return all, nil
}

// jobOf is what of a job stands in the configuration.
func jobOf(job *config.Job) status.Job {
	o := status.Job{
		Type: "job", Name: job.Name, Source: job.Source.Name, Stream: job.Kind.Name, Sinks: []string{},
		Schedule: job.Schedule, Timezone: job.Zone.String(), Interval: job.Interval.String(),
		Next: []time.Time{}, Slices: map[string]int64{},
	}
	for _, sink := range job.Sinks {
		o.Sinks = append(o.Sinks, sink.Name)
	}
	return o
}

// standing fills in how the firings of a job went, and what comes next.
func standing(o *status.Job, h jobs.JobHealth) {
	o.Paused, o.Late, o.Due, o.LateSince, o.Deadline = h.Paused, h.Late, utc(h.Owed), utc(h.LateSince), utc(h.Deadline)
	o.Running, o.Queued, o.LastSuccess = h.Running, h.Queued, utc(h.LastSuccess)
	o.Failed, o.FirstFailure, o.Flagged, o.RetryAt = h.FailedInARow, utc(h.FailingSince), h.Flagged, utc(h.RetryAt)
	if !h.NextFiring.IsZero() {
		o.Next = append(o.Next, utc(h.NextFiring))
	}
	if h.LastRun.ID != "" {
		o.LastState, o.LastRequested, o.LastError = h.LastRun.State, utc(h.LastRun.Requested), oneLine(h.LastRun.Error)
	}
	if h.Running != "" {
		o.LastState = state.RunRunning
	}
	switch {
	case h.Paused:
		o.Condition = status.JobPaused
	case h.Late:
		o.Condition = status.JobLate
	case h.Flagged:
		o.Condition = status.JobFailing
	case h.FailedInARow > 0:
		o.Condition = status.JobFailed
	case h.Running != "" || h.Queued > 0:
		o.Condition = status.JobRunning
	case h.LastSuccess.IsZero():
		o.Condition = status.JobNew
	default:
		o.Condition = status.JobOK
	}
}

// because fills in why a job is not ok and what to do, and returns the class of the
// failure behind it, if there is one.
func (p *program) because(ctx context.Context, s *session, o *status.Job, h jobs.JobHealth) (fault.Class, error) {
	var why []string
	zone := s.cfg.Job(o.Name).Zone
	if o.Late {
		why = append(why, lateness(o, h, zone))
	}
	class := fault.Class("")
	switch {
	case o.Failed > 0:
		text, hint, of := h.LastFailure.Error, h.LastFailure.Hint, h.LastFailure.Class
		if text == "" { // the run as a whole was fine, slices were not
			v, err := newestFailed(ctx, s, o.Name)
			if err != nil {
				return "", err
			}
			text, hint, of = v.Error, v.Hint, v.Class
		}
		class, o.Hint = fault.Class(of), hint
		if text == "" {
			text = fmt.Sprintf("%d of %d slices failed", h.LastFailure.Failed, h.LastFailure.Slices)
		}
		why = append(why, oneLine(text))
	case o.Waiting > 0:
		if o.Condition != status.JobLate {
			o.Condition = status.JobWaiting
		}
		why = append(why, waiting(o, zone))
	}
	if left := o.Slices[state.SliceFailed] + o.Slices[state.SliceCheckFailed]; left > 0 && o.Failed == 0 && o.Running == "" {
		v, err := newestFailed(ctx, s, o.Name)
		if err != nil {
			return "", err
		}
		if o.Condition == status.JobOK || o.Condition == status.JobNew || o.Condition == status.JobWaiting {
			o.Condition = status.JobFailed
		}
		class, o.Hint = fault.Class(v.Class), cmp.Or(o.Hint, v.Hint)
		why = append(why, leftBehind(left, v, s.cfg.Job(o.Name)))
	}
	o.Why = strings.Join(why, "; ")
	if o.Hint == "" && o.Condition == status.JobWaiting {
		o.Hint = "A serve goes on with it by itself; without one, run it again then."
	}
	return class, nil
}

// newestFailed is a job's newest slice that failed, the zero one if that is further back
// than anybody looks.
func newestFailed(ctx context.Context, s *session, job string) (state.Slice, error) {
	const look = 200
	all, err := s.state.Troubled(ctx, job, time.Time{}, time.Time{}, look)
	if err != nil {
		return state.Slice{}, err
	}
	for _, v := range all {
		if v.State == state.SliceFailed || v.State == state.SliceCheckFailed {
			return v, nil
		}
	}
	return state.Slice{}, nil
}

// leftBehind tells of slices that failed and that no firing since has taken up: of a
// backfill, or of days that a run was asked for.
func leftBehind(n int64, newest state.Slice, job *config.Job) string {
	text := count(n, "slice") + " of earlier runs failed"
	if newest.Error == "" {
		return text
	}
	return text + ", the newest on " + clock(newest.Updated, job.Zone) + ": " + oneLine(strings.TrimPrefix(newest.Error, "job "+job.Name+", "))
}

func lateness(o *status.Job, h jobs.JobHealth, zone *time.Location) string {
	if h.Deadline.IsZero() {
		return fmt.Sprintf("the firing of %s has not succeeded", clock(o.Due, zone))
	}
	return fmt.Sprintf("the firing of %s had to succeed by %s", clock(o.Due, zone), clock(o.LateSince, zone))
}

func waiting(o *status.Job, zone *time.Location) string {
	text := count(o.Waiting, "slice") + " waiting for quota"
	if !o.WaitUntil.IsZero() {
		text += " until " + clock(o.WaitUntil, zone)
	}
	return text + ": " + o.WaitReason
}

// toPress is the command that a person would call next, "" if there is none.
func (p *program) toPress(o *status.Job, class fault.Class, src *config.Source) string {
	command := ""
	switch {
	case o.Paused:
		command = "resume " + o.Name
	case o.Running != "" || o.Queued > 0:
	case class == fault.Auth && loginOf(src):
		command = "auth login " + o.Source
	case class == fault.Auth, class == fault.Config: // keys in the configuration, or other mistakes there
		command = "validate --connect"
	case o.Failed > 0, o.Slices[state.SliceFailed]+o.Slices[state.SliceCheckFailed] > 0 && !o.Late:
		command = "retry " + o.Name
	case o.Waiting > 0:
	case o.Late:
		command = "run " + o.Name
	}
	if command == "" {
		return ""
	}
	return p.self() + " " + command
}

// self is how a person calls this program from any folder.
func (p *program) self() string {
	path, err := filepath.Abs(p.flags.config)
	if err != nil {
		path = p.flags.config
	}
	if strings.ContainsFunc(path, func(r rune) bool { return !strings.ContainsRune("/._-", r) && !alphanumeric(r) }) {
		path = "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return "exporter --config " + path
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// slicesNow are a job's slices as the state remembers them, and those it owes.
func (p *program) slicesNow(ctx context.Context, s *session, name string, b bounds) ([]status.Slice, error) {
	const most, days = 10_000, 31
	job, err := jobNamed(s.cfg, name)
	if err != nil {
		return nil, err
	}
	from, to, err := b.of(job)
	if err != nil {
		return nil, err
	}
	if from.IsZero() {
		end := p.Now()
		if !to.IsZero() {
			end = to
		}
		from = end.AddDate(0, 0, -days)
	}
	if job.Interval.IsZero() {
		from, to = time.Time{}, time.Time{}
	}
	list, all, err := s.state.SlicesUpTo(ctx, name, from, to, most)
	if err != nil {
		return nil, err
	}
	tooMany := fault.New(fault.Config, "job %s has more than %d slices there", name, most).WithHint("Narrow it with from and to.")
	if !all {
		return nil, tooMany
	}
	views := make([]jobs.SliceView, len(list))
	definition := config.Fingerprint(job)
	for i, v := range list {
		views[i] = jobs.SliceView{Slice: v, Outdated: v.Definition != definition}
	}
	answer := []status.Slice{}
	owed, cut := withOwed(job, views, from, to, p.Now(), most-len(views))
	if !cut.IsZero() {
		return nil, tooMany
	}
	for _, v := range owed {
		answer = append(answer, sliceOf(v))
	}
	return answer, nil
}

// runsNow are the newest runs, of all jobs for "".
func runsNow(ctx context.Context, s *session, job string, limit int) ([]status.Run, error) {
	list, err := s.state.Runs(ctx, job, limit)
	all := []status.Run{}
	for _, r := range list {
		all = append(all, runOf(r))
	}
	return all, err
}

// loginsNow are the tokens of the sources that have one.
func (p *program) loginsNow(ctx context.Context, s *session) ([]status.Login, error) {
	tokens, err := s.state.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	var all []status.Login
	for _, src := range s.cfg.Sources {
		if o := p.tokenOf(src, tokens); o.Stored {
			all = append(all, status.Login{Source: src.Name, Expires: o.Expires, RefreshExpires: o.RefreshExpires})
		}
	}
	return all, nil
}

// definitions are what calendars need of the jobs.
func (p *program) definitions(cfg *config.Config) []status.Definition {
	var all []status.Definition
	for _, job := range cfg.Jobs {
		all = append(all, status.Definition{
			Name: job.Name, Fingerprint: config.Fingerprint(job), Interval: job.Interval, Zone: job.Zone, DataZone: job.DataZone,
			Owed: func(since, from, to time.Time) (starts []time.Time) {
				for _, i := range jobs.Expected(job, since, p.Now()) {
					if !i.Start.Before(from) && i.Start.Before(to) {
						starts = append(starts, i.Start)
					}
				}
				return starts
			},
		})
	}
	return all
}

// troubledNow are the newest slices of a job that failed or wait.
func troubledNow(ctx context.Context, s *session, job string, from, to time.Time) ([]status.Slice, error) {
	const most = 20
	list, err := s.state.Troubled(ctx, job, from, to, most)
	var all []status.Slice
	for _, v := range list {
		all = append(all, sliceOf(jobs.SliceView{Slice: v}))
	}
	return all, err
}
