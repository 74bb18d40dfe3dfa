package state

import (
	"context"
	"errors"
	"time"
)

// KeptRuns is how many ended runs of a job are kept.
const KeptRuns = 1000

// pruneStep bounds one transaction, so that nobody waits long for its end.
const pruneStep = 5000

// PruneRuns forgets ended runs: of every job those before its newest keep, except the
// newest that succeeded and those that slices wait from. It returns how many it forgot.
func (s *Store) PruneRuns(ctx context.Context, keep int) (forgotten int64, err error) {
	jobs, err := query(ctx, s.read, func(row scanner) (job string, err error) {
		err = row.Scan(&job)
		return job, err
	}, `SELECT job FROM runs GROUP BY job HAVING count(*) > ?`, keep)
	if err != nil {
		return 0, s.classify(ctx, err, "prune the history of runs")
	}
	var errs []error
	for _, job := range jobs {
		for {
			n, err := s.exec(ctx, s.quick, `
				DELETE FROM runs WHERE seq IN (
					SELECT seq FROM runs AS old
					WHERE job = ?1 AND state NOT IN ('queued', 'running')
					  AND seq < (SELECT seq FROM runs WHERE job = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)
					  AND seq IS NOT (SELECT max(seq) FROM runs WHERE job = ?1 AND state = 'succeeded' AND only = '' AND interval_from = ?3 AND triggered_by <> 'purge')
					  AND id NOT IN (SELECT run FROM slices WHERE state = 'waiting')
					ORDER BY seq LIMIT ?4)`, job, keep-1, micros(time.Time{}), pruneStep)
			forgotten += n
			errs = append(errs, s.classify(ctx, err, "prune the history of runs of %s", job))
			if err != nil || n < pruneStep {
				break
			}
		}
	}
	return forgotten, errors.Join(errs...)
}

// LastSucceeded returns when the newest run of a job began that was to do all that is
// due and succeeded, zero if there is none.
func (s *Store) LastSucceeded(ctx context.Context, job string) (at time.Time, err error) {
	list, err := query(ctx, s.read, func(row scanner) (at time.Time, err error) {
		err = row.Scan((*instant)(&at))
		return at, err
	}, `SELECT started FROM runs WHERE job = ? AND state = 'succeeded' AND only = '' AND interval_from = ? AND triggered_by <> 'purge'
		ORDER BY seq DESC LIMIT 1`, job, micros(time.Time{}))
	if len(list) > 0 {
		at = list[0]
	}
	return at, s.classify(ctx, err, "read when %s succeeded", job)
}

// Failures counts the slices of a run that failed and are at rest, by the class of
// their failure.
func (s *Store) Failures(ctx context.Context, job, run string) (map[string]int, error) {
	type group struct {
		class string
		n     int
	}
	list, err := query(ctx, s.read, func(row scanner) (g group, err error) {
		err = row.Scan(&g.class, &g.n)
		return g, err
	}, `SELECT class, count(*) FROM slices WHERE job = ? AND run = ? AND state = 'failed' GROUP BY class`, job, run)
	byClass := map[string]int{}
	for _, g := range list {
		byClass[g.class] = g.n
	}
	return byClass, s.classify(ctx, err, "read what failed in run %s", run)
}
