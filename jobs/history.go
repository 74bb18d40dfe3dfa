package jobs

import (
	"context"
	"strings"
	"sync"
	"time"

	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/state"
)

// handedIn is how many runs of a job are handed to its sinks at the end of each: a
// ledger that could not be reached for so many gets the others' ends never.
const handedIn = 100

// recordWait bounds the end of a run whose sink does not answer.
const recordWait = 10 * time.Second

// record writes the ends of the job's latest runs into the ledgers of its sinks. Those
// that a ledger has already cost nothing, so whatever kept a run's end out (a sink that
// was down, kill -9), the next run of the job brings it. It is no failure of this one.
func (w *work) record(ctx context.Context) {
	if w.job == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWait)
	defer cancel()
	log := w.log.With("job", w.job.Name, "run", w.run.ID)
	latest, err := w.state.Runs(ctx, w.job.Name, handedIn)
	if err != nil {
		log.Warn("ends of runs are not in the ledgers of the job's sinks; its next run writes them", "err", err)
		return
	}
	ended := runsForLedger(latest)
	w.mu.Lock()
	for i := range ended {
		if ended[i].ID == w.run.ID {
			for _, text := range w.warned {
				ended[i].Warnings = append(ended[i].Warnings, cleanText(text))
			}
		}
	}
	w.mu.Unlock()
	var wait sync.WaitGroup
	for _, s := range w.job.Sinks {
		wait.Go(func() {
			if err := w.recordIn(ctx, s, ended); err != nil {
				log.Warn("end of run is not in the ledger of a sink; the job's next run writes it", "sink", s.Name, "err", err)
			}
		})
	}
	wait.Wait()
}

func (w *work) recordIn(ctx context.Context, s *config.Sink, runs []sinks.Run) error {
	k, err := w.Sink(ctx, s)
	if err != nil {
		return err
	}
	if recorder, ok := k.(sinks.RunRecorder); ok {
		return recorder.RecordRuns(ctx, runs)
	}
	return nil
}

// runsForLedger leaves out what has not ended, and requests that were withdrawn.
func runsForLedger(runs []state.Run) []sinks.Run {
	var list []sinks.Run
	for _, r := range runs {
		if !r.Done() || r.Started.IsZero() {
			continue
		}
		var warnings []string
		if r.Note != "" {
			warnings = []string{r.Note}
		}
		list = append(list, sinks.Run{
			ID: r.ID, Job: r.Job, Trigger: r.Trigger, State: r.State, Started: r.Started, Finished: r.Finished,
			Committed: r.Committed, Unchanged: r.Unchanged, Failed: r.Failed, Waiting: r.Waiting, Rows: r.Rows, Calls: r.Calls,
			Error:    cleanText(r.Error),
			Warnings: warnings,
		})
	}
	return list
}

// cleanText makes text that every ledger can store of what may be a vendor's words.
func cleanText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
}
