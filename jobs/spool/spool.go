// Package spool keeps the extracted rows of slices on disk until every sink has
// committed them. Rate-limited calls are the scarce resource: what was read once
// is never read again because a database was down or the process died.
//
// One folder per slice holds, for each table, a file of batches and a file of
// rejects, and meta.json. A batch is a frame: length and checksum, then the s2
// compressed lasting form of a record.Batch.
//
// Invariants: meta.json names for every file how many bytes belong to a checkpoint;
// it is replaced atomically after those bytes are synced. Checkpoints of pages that
// come fast are only written to the journal until the next sync, see durable: the end
// of the process leaves them all, a power cut those whose bytes reached the disk, which
// checksums tell. Bytes beyond the last checkpoint never count.
// The folder says everything: a lost state store costs no extracted row. Files
// hold no secrets; folders have mode 0700. Sizes are bytes.
package spool

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// format is the version of files and meta.json; others are extracted anew.
const format = 1

const metaName = "meta.json"

// Fresh is how long after its last page a spool is worth loading or adding to;
// older rows may have been restated by the vendor since and are extracted anew.
const Fresh = 48 * time.Hour

// FreshState is Fresh for a slice that is the current state: of a night before it is
// the current state no longer.
const FreshState = 12 * time.Hour

// State is what a spool holds at its last checkpoint.
type State struct {
	Format      int                `json:"format"`
	Fingerprint string             `json:"fingerprint"`
	Epoch       string             `json:"epoch"` // name of the last synced checkpoint, which this one is or follows
	Started     time.Time          `json:"started"`
	Updated     time.Time          `json:"updated"` // last checkpoint
	Finished    bool               `json:"finished"`
	Next        sources.Checkpoint `json:"next"`
	Pages       int64              `json:"pages"` // of the API, read completely
	Announced   int64              `json:"announced"`
	Provisional bool               `json:"provisional"`
	Files       []fileState        `json:"files"` // two per table: rows, rejects
	Tallies     []json.RawMessage  `json:"tallies"`
	Rejected    []int64            `json:"rejected"`
}

type fileState struct {
	Bytes int64  `json:"bytes"`
	Chain uint64 `json:"chain,omitempty"` // of the frames since the last synced checkpoint
}

// Spool is the spool of one slice. It is not safe for concurrent use.
type Spool struct {
	root    *Root
	dir     string
	spec    Spec
	state   State // at the last checkpoint
	files   []*file
	journal *file     // checkpoints since the last sync
	loose   bool      // the last checkpoint is one of them
	synced  time.Time // when the last one was synced
	paged   time.Time // when the last one was made
	owner   *os.File
	mine    os.FileInfo // of owner
	// since the last checkpoint
	tallies  []*record.Tally
	rejected []int64
	scratch  []byte
	now      func() time.Time
}

// Open goes on with the spool of a slice, or begins one: because there is none,
// or because the one there is about something else, too old, or damaged; why
// then tells the operator ("" if there was none).
func (r *Root) Open(spec Spec, now func() time.Time) (s *Spool, why string, err error) {
	s = &Spool{root: r, spec: spec, dir: filepath.Join(r.dir, spec.dir()), now: now}
	why, ok := s.resume(now())
	if ok {
		err := s.openFiles()
		if err == nil {
			s.replay()
			err = s.cut()
		}
		if err == nil {
			err = s.own()
		}
		switch {
		case err == nil:
			return s, "", nil
		case !errors.Is(err, record.ErrCorrupt):
			return nil, "", errors.Join(err, s.release())
		}
		why = "its files are shorter than its checkpoint says"
	}
	if err := s.begin(); err != nil {
		return nil, "", errors.Join(err, s.release())
	}
	return s, why, nil
}

// resume reads meta.json and reports whether the spool can be gone on with.
func (s *Spool) resume(now time.Time) (why string, ok bool) {
	data, err := os.ReadFile(s.meta())
	if errors.Is(err, os.ErrNotExist) {
		return "", false
	}
	if err != nil {
		return fmt.Sprintf("its checkpoint cannot be read (%v)", err), false
	}
	fresh := Fresh
	if s.spec.Interval.Start.IsZero() {
		fresh = FreshState
	}
	st := State{}
	switch err := json.Unmarshal(data, &st); {
	case err != nil:
		return fmt.Sprintf("its checkpoint is damaged (%v)", err), false
	case st.Fingerprint != s.spec.fingerprint() || st.Format != format:
		return "the job's definition changed since", false
	case st.Started.Before(s.spec.ClosedAt) && !now.Before(s.spec.ClosedAt):
		return "it was begun while the interval was open", false
	case st.Started.Before(s.spec.AskedAt):
		return "it was begun before that was asked for", false
	case now.Sub(st.Updated) > fresh || st.Updated.After(now.Add(time.Hour)):
		return fmt.Sprintf("its last page was read at %s, over %s ago", st.Updated.UTC().Format(time.RFC3339), fresh), false
	case len(st.Files) != 2*len(s.spec.Tables) || len(st.Tallies) != len(s.spec.Tables) || len(st.Rejected) != len(s.spec.Tables):
		return "its checkpoint is damaged", false
	}
	s.state = st
	return "", true
}

// Restart empties the spool: the slice is read from its first page.
func (s *Spool) Restart() error {
	if err := s.owned(); err != nil {
		return err
	}
	return s.begin()
}

// begin makes an empty spool in the place of whatever is there.
func (s *Spool) begin() error {
	now := s.now()
	if err := errors.Join(s.release(), s.removeFiles()); err != nil {
		return s.fail("empty", err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return s.fail("create", err)
	}
	n := len(s.spec.Tables)
	s.state = State{
		Format: format, Fingerprint: s.spec.fingerprint(), Epoch: rand.Text(), Started: now.UTC(), Updated: now.UTC(), Announced: sources.Unknown,
		Files: make([]fileState, 2*n), Tallies: make([]json.RawMessage, n), Rejected: make([]int64, n),
	}
	s.tallies, s.rejected, s.synced = make([]*record.Tally, n), make([]int64, n), time.Time{}
	for i, t := range s.spec.Tables {
		s.tallies[i] = record.NewTally(t)
	}
	if err := errors.Join(s.openFiles(), s.own()); err != nil {
		return err
	}
	if err := s.describe(&s.state); err != nil {
		return err
	}
	return s.publish(s.state, false) // nothing would be lost
}

// State returns what is durable.
func (s *Spool) State() State { return s.state }

// Tallies returns the tallies of the rows so far, one per table.
func (s *Spool) Tallies() []*record.Tally { return s.tallies }

// Rejected returns the number of rejects so far, one per table.
func (s *Spool) Rejected() []int64 { return s.rejected }

// Append adds a page's rows. They count once a Checkpoint or Finish follows.
func (s *Spool) Append(p *sources.Page) error {
	if err := s.owned(); err != nil {
		return err
	}
	if p.Batch.Rows() > 0 {
		s.tallies[p.Batch.Table].Add(&p.Batch)
		if err := s.write(2*p.Batch.Table, &p.Batch); err != nil {
			return err
		}
	}
	if n := p.Rejects.Rows(); n > 0 {
		s.rejected[p.Rejects.Table] += int64(n)
		return s.write(2*p.Rejects.Table+1, &p.Rejects)
	}
	return nil
}

func (s *Spool) write(file int, b *record.Batch) error {
	s.scratch = b.AppendBinary(s.scratch[:0])
	n, err := s.files[file].append(s.scratch)
	used := s.root.used.Add(n) // also of a frame that was cut short
	if err != nil {
		return s.fail("write", err)
	}
	if s.root.max > 0 && used > s.root.max {
		return fault.New(fault.Parked, "spool is full: %d of %d bytes are in use", used, s.root.max).
			WithHint("Slices that wait for a sink fill the spool. Bring the sink back, or raise [exporter] spool_max.")
	}
	return nil
}

// Checkpoint makes everything appended so far last, with the place to go on.
func (s *Spool) Checkpoint(p sources.Page) error {
	next := s.state
	if p.Next != nil {
		next.Next = *p.Next
		next.Pages++
	}
	next.Announced, next.Provisional = p.Announced, p.Provisional
	return s.commit(next)
}

// Finish marks the slice as read completely.
func (s *Spool) Finish() error {
	next := s.state
	next.Finished = true
	return s.commit(next)
}

// commit makes next the last checkpoint.
func (s *Spool) commit(next State) error {
	if err := s.owned(); err != nil {
		return err
	}
	now := s.now()
	next.Updated = now.UTC()
	if err := s.describe(&next); err != nil {
		return err
	}
	var err error
	if next.Finished || s.durable(now) {
		err = s.sync(&next)
	} else {
		err = s.note(next)
	}
	if err != nil {
		return err
	}
	s.state, s.paged = next, now
	return nil
}

// describe notes what the files hold.
func (s *Spool) describe(st *State) error {
	st.Files = make([]fileState, len(s.files))
	for i, f := range s.files {
		st.Files[i] = fileState{Bytes: f.size, Chain: f.chain}
	}
	st.Rejected = append([]int64(nil), s.rejected...)
	st.Tallies = make([]json.RawMessage, len(s.tallies))
	for i, t := range s.tallies {
		data, err := json.Marshal(t)
		if err != nil {
			return s.fail("describe", err)
		}
		st.Tallies[i] = data
	}
	return nil
}

func (s *Spool) publish(st State, sync bool) error {
	data, err := json.Marshal(st)
	if err != nil {
		return s.fail("describe", err)
	}
	if err := replaceFile(s.meta(), data, sync); err != nil {
		return s.fail("checkpoint", err)
	}
	return nil
}

func (s *Spool) meta() string { return filepath.Join(s.dir, metaName) }

// Scratch opens a nameless file on the spool's disk, for what does not fit into
// memory; it vanishes when it is closed or the process ends.
func (s *Spool) Scratch() (*os.File, error) {
	f, err := os.CreateTemp(s.dir, "scratch-*")
	if err != nil {
		return nil, s.fail("make a file in", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, s.fail("make a file in", errors.Join(err, f.Close()))
	}
	return f, nil
}

// Rollback cuts the spool back to its last checkpoint.
func (s *Spool) Rollback() error {
	if err := s.owned(); err != nil {
		return err
	}
	return s.cut()
}

func (s *Spool) cut() error {
	for i, f := range s.files {
		freed, err := f.truncate(s.state.Files[i].Bytes)
		if err != nil {
			return s.fail("cut back", err)
		}
		s.root.used.Add(-freed)
		f.chain = s.state.Files[i].Chain
	}
	s.tallies = make([]*record.Tally, len(s.spec.Tables))
	for i, t := range s.spec.Tables {
		s.tallies[i] = record.NewTally(t)
		if err := s.tallies[i].Restore(s.state.Tallies[i]); err != nil {
			return errors.Join(record.ErrCorrupt, err)
		}
	}
	s.rejected = append([]int64(nil), s.state.Rejected...)
	return nil
}

func (s *Spool) fail(what string, err error) error {
	return fault.New(fault.Permanent, "%s spool %s: %w", what, s.dir, err).
		WithHint("Everything up to page %d of this slice is safe. Free space or mend the folder, then run again: the slice goes on there.", s.state.Pages)
}
