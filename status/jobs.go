package status

import (
	"cmp"
	"context"
	"slices"
)

// worst orders conditions: what a person has to look at first comes first.
var worst = []string{JobLate, JobFailing, JobFailed, JobWaiting, JobRunning, JobNew, JobOK, JobPaused}

// jobs returns where every job stands, late and failing ones first, then by what
// fires next.
func (s *Server) jobs(ctx context.Context) ([]Job, error) {
	all, err := s.glance.get(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	WorstFirst(all)
	return all, nil
}

// WorstFirst sorts jobs as the page and `jobs` show them.
func WorstFirst(all []Job) {
	slices.SortStableFunc(all, func(a, b Job) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), next(a, b), cmp.Compare(a.Name, b.Name))
	})
}

func rank(j Job) int { return slices.Index(worst, j.Condition) }

func next(a, b Job) int {
	if len(a.Next) == 0 || len(b.Next) == 0 {
		return cmp.Compare(len(b.Next), len(a.Next))
	}
	return a.Next[0].Compare(b.Next[0])
}
