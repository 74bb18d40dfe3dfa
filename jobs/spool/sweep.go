package spool

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Sweep removes the spools that are too old to be gone on with, left behind by
// slices that no run asks for any more. It returns how many. Only the executor
// may call it, before it works. What does not look like a spool is left alone.
func (r *Root) Sweep(now time.Time) (removed int, err error) {
	found, err := filepath.Glob(filepath.Join(r.dir, "*", "*", metaName))
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, meta := range found {
		data, err := os.ReadFile(meta)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var st State
		if json.Unmarshal(data, &st) != nil || st.Fingerprint == "" || now.Sub(st.Updated) <= Fresh {
			continue
		}
		old := &Spool{root: r, dir: filepath.Dir(meta)}
		if err := old.removeFiles(); err != nil {
			errs = append(errs, err)
			continue
		}
		removed++
	}
	return removed, errors.Join(errs...)
}
