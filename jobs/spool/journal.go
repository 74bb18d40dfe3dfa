package spool

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"time"
)

const journalName = "journal"

// A checkpoint is synced when the last synced one is so old, or when its page took
// so long that it is worth more than a sync. The others wait for the next.
const (
	syncEvery = time.Second
	dearPage  = 100 * time.Millisecond
)

// durable reports whether the checkpoint of a page that is complete now is synced.
func (s *Spool) durable(now time.Time) bool {
	return now.Sub(s.synced) >= syncEvery || now.Sub(s.paged) >= dearPage
}

// sync makes st, whose files are as they are now or longer, survive a power cut.
func (s *Spool) sync(st *State) error {
	for i, f := range s.files {
		if err := f.sync(); err != nil {
			return s.fail("sync", err)
		}
		st.Files[i].Chain = 0
	}
	st.Epoch = rand.Text()
	if err := s.publish(*st, true); err != nil {
		return err
	}
	for _, f := range s.files {
		f.chain = 0
	}
	s.journal.size = 0 // what it holds is of another epoch
	s.synced, s.loose = s.now(), false
	return nil
}

// note writes a checkpoint to the journal.
func (s *Spool) note(st State) error {
	data, err := json.Marshal(st)
	if err != nil {
		return s.fail("describe", err)
	}
	if _, err := s.journal.append(data); err != nil {
		return s.fail("checkpoint", err)
	}
	s.loose = true
	return nil
}

// replay goes from the synced checkpoint to the last one of the journal whose bytes
// are all there. A power cut may have left any of them out, in any order.
func (s *Spool) replay() {
	end := s.journal.size
	s.journal.size = 0
	var head [frameHead]byte
	var block, raw []byte
	for s.journal.size < end {
		next := State{}
		if readFrame(s.journal.f, s.journal.size, end, head[:], &block, &raw) != nil || json.Unmarshal(raw, &next) != nil ||
			next.Epoch != s.state.Epoch || len(next.Files) != len(s.files) {
			return
		}
		for i, f := range s.files {
			if !f.leads(s.state.Files[i], next.Files[i]) {
				return
			}
		}
		s.state, s.loose = next, true
		s.journal.size += frameHead + int64(len(block))
	}
}

// leads reports whether the frames between two states of the file are those that
// were written.
func (f *file) leads(from, to fileState) bool {
	var head [frameHead]byte
	var block, raw []byte
	for from.Bytes < to.Bytes {
		if readFrame(f.f, from.Bytes, min(to.Bytes, f.size), head[:], &block, &raw) != nil {
			return false
		}
		from.Bytes += frameHead + int64(len(block))
		from.Chain = link(from.Chain, binary.LittleEndian.Uint64(head[4:]))
	}
	return from == to
}
