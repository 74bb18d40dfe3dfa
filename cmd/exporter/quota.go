package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/ratelimit"
)

func (p *program) quotaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "quota",
		Short: "Show the quota used and left, for every credential and window",
		Long: `quota shows the limits of every credential and how much of each is used now, as
recorded in the state: a run that is going on may have used a little more. Below the
table it says which jobs used a credential in the last 24 hours, how often the vendor
refused, and which limits are lower than configured because of that.`,
		Example: `  exporter quota
  exporter quota --json | jq 'select(.type == "quota_day")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.quota(cmd.Context()) },
	}
}

// quotaObject is one window of a credential.
type quotaObject struct {
	Type          string    `json:"type"` // quota
	Credential    string    `json:"credential"`
	Sources       []string  `json:"sources"`
	Class         string    `json:"class,omitempty"` // of requests; absent: all
	Limit         int       `json:"limit"`
	LimitNow      int       `json:"limit_now"` // lower than limit where a refusal taught so
	Window        float64   `json:"window_seconds"`
	Fixed         bool      `json:"fixed"` // the vendor's window starts at the round minute, hour or day
	Used          int       `json:"used"`
	Left          int       `json:"left"`
	NextFree      time.Time `json:"next_free_at,omitzero"` // of a used up window
	ResetsAt      time.Time `json:"resets_at,omitzero"`    // when all that is used has come back
	LearnedUntil  time.Time `json:"learned_until,omitzero"`
	LearnedReason string    `json:"learned_reason,omitempty"`
	RisesAt       time.Time `json:"rises_at,omitzero"`     // when more is tried, of a limit that was slowed down
	PausedUntil   time.Time `json:"paused_until,omitzero"` // the vendor asked for a pause
	PauseReason   string    `json:"pause_reason,omitempty"`

	text string // of the limit, as it is written in a configuration
}

// quotaDayObject is what happened on a credential in the last 24 hours.
type quotaDayObject struct {
	Type       string        `json:"type"` // quota_day
	Credential string        `json:"credential"`
	Requests   int64         `json:"requests"`
	Throttles  int64         `json:"throttles"` // refused by the vendor for coming too early
	Waits      int64         `json:"waits"`     // requests that had to wait for quota
	Waited     float64       `json:"waited_seconds"`
	UsedBy     []usingObject `json:"used_by"`
}

// usingObject is a job's share.
type usingObject struct {
	Job      string `json:"job,omitempty"` // absent: logins, lists and previews
	Requests int64  `json:"requests"`
}

func (p *program) quota(ctx context.Context) (err error) {
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	var rows [][]string
	var notes []string
	done, zone := map[string]bool{}, s.cfg.Exporter.Zone
	for _, src := range s.cfg.Sources {
		if done[src.Credential] {
			continue
		}
		done[src.Credential] = true
		status, err := jobs.RecordedLimits(ctx, s.state, src)
		if err != nil {
			return err
		}
		windows, day := quotaObjects(s.cfg, status)
		if p.out.json {
			for _, q := range windows {
				p.out.object(q)
			}
			p.out.object(day)
			continue
		}
		for _, q := range windows {
			rows = append(rows, []string{
				q.Credential, strings.Join(q.Sources, ", "), q.Class, q.text, number(q.Used), number(q.Left),
				clock(q.NextFree, zone), clock(q.ResetsAt, zone), clock(q.PausedUntil, zone),
			})
			if q.LimitNow < q.Limit {
				notes = append(notes, q.lowered(zone))
			}
		}
		if status.PauseReason != "" {
			notes = append(notes, fmt.Sprintf("%s: paused until %s: %s", status.Credential, clock(status.PausedUntil, zone), status.PauseReason))
		}
		if day.Requests > 0 {
			notes = append(notes, day.text())
		}
	}
	if len(rows) > 0 {
		p.out.table([]string{"credential", "sources", "class", "limit", "used", "left", "next free", "all back", "paused until"}, rows)
	}
	if len(notes) > 0 {
		p.out.text("\n%s\n", p.out.local(strings.Join(notes, "\n")))
	}
	return nil
}

// lowered says for people which limit holds now, and for how long.
func (q quotaObject) lowered(zone *time.Location) string {
	if !q.RisesAt.IsZero() {
		return fmt.Sprintf("%s: %s is slowed down to %d, more is tried at %s: %s", q.Credential, q.text, q.LimitNow, clock(q.RisesAt, zone), q.LearnedReason)
	}
	return fmt.Sprintf("%s: %s is held at %d until %s: %s", q.Credential, q.text, q.LimitNow, clock(q.LearnedUntil, zone), q.LearnedReason)
}

// text is the day for people: its total, who used it, and what went wrong.
func (d quotaDayObject) text() string {
	var jobs []string
	for _, u := range d.UsedBy {
		jobs = append(jobs, cmp.Or(u.Job, "logins and lists")+" "+number(u.Requests))
	}
	text := fmt.Sprintf("%s: %s in the last 24 hours (%s)", d.Credential, count(d.Requests, "request"), strings.Join(jobs, ", "))
	if d.Throttles > 0 {
		text += ", " + count(d.Throttles, "refusal")
	}
	if waited := time.Duration(d.Waited * float64(time.Second)); waited > 0 {
		text += ", " + count(d.Waits, "wait") + " of " + took(waited) + " in all"
	}
	return text
}

func quotaObjects(cfg *config.Config, status ratelimit.Status) (windows []quotaObject, day quotaDayObject) {
	for _, w := range status.Windows {
		windows = append(windows, quotaObject{
			Type: "quota", Credential: status.Credential, Sources: sharing(cfg, status.Credential), Class: w.Class,
			Limit: w.Window.N, LimitNow: w.Limit, Window: seconds(w.Window.Per), Fixed: w.Window.Fixed, Used: w.Used, Left: w.Left,
			NextFree: utc(w.NextFree), ResetsAt: utc(w.ResetsAt), LearnedUntil: utc(w.LearnedUntil), LearnedReason: w.LearnedReason, RisesAt: utc(w.RisesAt),
			PausedUntil: utc(status.PausedUntil), PauseReason: status.PauseReason, text: w.Window.String(),
		})
	}
	day = quotaDayObject{
		Type: "quota_day", Credential: status.Credential, Requests: status.Day.Requests, Throttles: status.Day.Throttles,
		Waits: status.Day.Waits, Waited: seconds(status.Day.Waited), UsedBy: []usingObject{},
	}
	for _, u := range status.Users {
		day.UsedBy = append(day.UsedBy, usingObject{u.Job, u.Requests})
	}
	return windows, day
}

// sharing names the sources of a credential.
func sharing(cfg *config.Config, credential string) []string {
	var names []string
	for _, s := range cfg.Sources {
		if s.Credential == credential {
			names = append(names, s.Name)
		}
	}
	return slices.Clip(names)
}
