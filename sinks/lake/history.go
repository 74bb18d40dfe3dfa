package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"exporter/sinks"
)

// Folders of the ledger that are no table's. Each object has one JSON value a line.
const (
	runsFolder         = "_runs"         // <job>/<started>-<id>.json: how a run ended
	restatementsFolder = "_restatements" // <job>/<loaded>-<part>-<load>.json: what a load replaced
)

const stamp = "20060102T150405.000000Z"

func runName(r sinks.Run) string {
	return runsOf(r.Job) + r.Started.UTC().Format(stamp) + "-" + escape(r.ID, "-") + ".json"
}

// runsOf is the folder of a job's runs.
func runsOf(job string) string { return runsFolder + "/" + escape(job, "-") + "/" }

// RecordRuns implements sinks.RunRecorder. A run has an object of its own, written
// once. What a run that has not ended did is in the manifests.
func (s *sink) RecordRuns(ctx context.Context, runs []sinks.Run) error {
	return wrap(ctx, s.recordRuns(ctx, runs), "record runs")
}

func (s *sink) recordRuns(ctx context.Context, runs []sinks.Run) error {
	keep, before := sinks.Forget(runs)
	byJob := make(map[string][]sinks.Run)
	for _, r := range keep {
		byJob[r.Job] = append(byJob[r.Job], r)
	}
	for job, runs := range byJob {
		tables, err := s.homes(ctx, job)
		if err != nil || len(tables) == 0 {
			return err
		}
		first := runName(runs[0])
		for _, r := range runs {
			first = min(first, runName(r))
		}
		if err := s.forgetRuns(ctx, job, before[job]); err != nil {
			return err
		}
		list, err := s.store.list(ctx, parent(first)+"/", first, "")
		if err != nil {
			return err
		}
		there := make(map[string]bool)
		for _, e := range list {
			there[e.name] = true
		}
		for _, r := range runs {
			if name := runName(r); !there[name] {
				if err := putOnce(ctx, s.store, name, r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// forgetRuns removes the objects of a job's runs that began before an instant.
func (s *sink) forgetRuns(ctx context.Context, job string, before time.Time) error {
	list, err := s.store.list(ctx, runsOf(job), "", runsOf(job)+before.UTC().Format(stamp))
	if err != nil {
		return err
	}
	for _, e := range list {
		_, generation, err := s.store.read(ctx, e.name) // of documents a list does not tell it
		if err == nil {
			err = s.store.remove(ctx, e.name, generation)
		}
		if err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	return nil
}

// putOnce writes values as lines, unless the object is there.
func putOnce[T any](ctx context.Context, to store, name string, values ...T) error {
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for _, v := range values {
		if err := lines.Encode(v); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	_, err := to.put(ctx, name, b.Bytes(), 0)
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// restatement is what a load replaced of one table's rows of its slice.
type restatement struct {
	Job            string            `json:"job"`
	Part           string            `json:"part"`
	Start          time.Time         `json:"interval_start,omitzero"`
	End            time.Time         `json:"interval_end,omitzero"`
	Table          string            `json:"table_name"`
	At             time.Time         `json:"restated_at"`
	Run            string            `json:"run"`
	RowsBefore     int64             `json:"rows_before"`
	RowsAfter      int64             `json:"rows_after"`
	SumsBefore     map[string]string `json:"sums_before"`
	SumsAfter      map[string]string `json:"sums_after"`
	Difference     map[string]string `json:"sums_difference"`
	HashBefore     string            `json:"hash_before"`
	HashAfter      string            `json:"hash_after"`
	WasProvisional bool              `json:"was_provisional"`
	Redefined      bool              `json:"redefined"`
}

// restated compares a load that is to be committed with what is committed.
func (w *writer) restated(at time.Time) []restatement {
	v := view{objects: w.there}
	for _, f := range append([]found{w.before}, w.others...) {
		if f.manifest.State != committed || !v.whole(f.manifest) {
			continue
		}
		before, slice := f.manifest.committed(), w.load.Slice
		var list []restatement
		for _, r := range w.load.Restated(&before) {
			list = append(list, restatement{
				Job: slice.Job, Part: slice.Part, Start: slice.Start.UTC(), End: slice.End.UTC(), Table: r.Table, At: at, Run: w.load.Run,
				RowsBefore: r.Before.Rows, RowsAfter: r.After.Rows, SumsBefore: r.Before.Sums, SumsAfter: r.After.Sums, Difference: r.Difference,
				HashBefore: r.Before.Hash, HashAfter: r.After.Hash, WasProvisional: r.WasProvisional, Redefined: r.Redefined,
			})
		}
		return list
	}
	return nil
}

// tell writes what a manifest restates to its place, once.
func (s *sink) tell(ctx context.Context, m manifest) error {
	if len(m.Restated) == 0 {
		return nil
	}
	name := strings.Join([]string{m.LoadedAt.UTC().Format(stamp), escape(m.Part, ""), escape(m.LoadID, "-")}, "-")
	return putOnce(ctx, s.store, restatementsFolder+"/"+escape(m.Job, "-")+"/"+name+".json", m.Restated...)
}
