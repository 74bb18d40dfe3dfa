package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// Root is the folder of all spools of a configuration.
type Root struct {
	dir  string
	max  int64
	used atomic.Int64
}

// OpenRoot creates the folder if need be and counts what is in it. Max is the
// most its files may hold together, 0 = unbounded.
func OpenRoot(dir string, most int64) (*Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Config, "create spool: %w", err).WithHint("Set [exporter] spool to a folder this user may write to.")
	}
	r := &Root{dir: dir, max: most}
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && isData(d.Name()) {
			r.used.Add(info.Size())
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.Config, "measure spool %s: %w", dir, err).
			WithHint("Let the user of this process own the whole folder (chown -R). Commands beside a service run as its user, not as root: sudo -u USER exporter …")
	}
	return r, nil
}

// Used returns the bytes in all spools.
func (r *Root) Used() int64 { return r.used.Load() }

// Spec says what a spool must be about to be gone on with.
type Spec struct {
	Job, Part  string
	Interval   sources.Interval
	Definition string
	Tables     []record.Table
	// ClosedAt is when the interval is closed: rows read before it are not the
	// whole of it, and are read again once it has passed. Zero = always closed.
	ClosedAt time.Time
	// AskedAt is when somebody asked for what the vendor says now: rows read before it
	// are read again. Zero = nobody did.
	AskedAt time.Time
}

// startFormat is the start of a slice in the name of its folder.
const startFormat = "20060102T150405Z"

// dir names the folder: readable, and safe whatever a part is called.
func (s Spec) dir() string {
	sum := sha256.Sum256([]byte(s.Part + "\x00" + s.Interval.String()))
	return filepath.Join(s.Job, s.Interval.Start.UTC().Format(startFormat)+"-"+hex.EncodeToString(sum[:6]))
}

func (s Spec) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, format, s.Job, s.Part, s.Interval, s.Definition)
	for _, t := range s.Tables {
		fmt.Fprintln(h, t.Name, t.Fingerprint())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
