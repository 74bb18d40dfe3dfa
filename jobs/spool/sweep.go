package spool

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Sweep removes the spools that are too old to be gone on with, left behind by
// slices that no run asks for any more. It returns how many. Only the executor
// may call it, before it works. What does not look like a spool is left alone.
func (r *Root) Sweep(now time.Time) (removed int, err error) {
	found, err := r.metas("*")
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

// metas returns the checkpoints of a job's spools, or with "*" of all.
func (r *Root) metas(job string) ([]string, error) {
	found, err := fs.Glob(os.DirFS(r.dir), job+"/*/"+metaName) // the folder itself may have any name
	for i, name := range found {
		found[i] = filepath.Join(r.dir, filepath.FromSlash(name))
	}
	return found, err
}
