package spool

import (
	"errors"
	"path/filepath"
	"strings"
	"time"
)

// Purge removes the spools of a job's slices that start in [from, to); zero bounds are
// open. It returns how many. Nobody may be at work on them.
func (r *Root) Purge(job string, from, to time.Time) (removed int, err error) {
	found, err := r.metas(job)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, meta := range found {
		dir := filepath.Dir(meta)
		text, _, _ := strings.Cut(filepath.Base(dir), "-")
		start, err := time.Parse(startFormat, text)
		if err != nil || start.Before(from) || !to.IsZero() && !start.Before(to) {
			continue // of another interval, or none of ours
		}
		s := &Spool{root: r, dir: dir}
		if err := s.removeFiles(); err != nil {
			errs = append(errs, err)
			continue
		}
		removed++
	}
	return removed, errors.Join(errs...)
}
