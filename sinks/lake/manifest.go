package lake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

// manifest is the ledger row of one slice, and what readers of its objects go by.
// Its states:
//
//	(none) ─► loading ─► publishing ─► committed
//	             ▲  └─ a load ended     │  ▲
//	             └──────────────────────┴──┘ the next load
//
// A load that begins writes its id into fence and leaves the rest. What is
// publishing is committed: whoever finds it so finishes it.
type manifest struct {
	Version     int                         `json:"version"`
	State       state                       `json:"state"`
	Job         string                      `json:"job"`
	Part        string                      `json:"part"`
	Start       time.Time                   `json:"interval_start,omitzero"`
	End         time.Time                   `json:"interval_end,omitzero"`
	Definition  string                      `json:"definition,omitempty"`
	Provisional bool                        `json:"provisional"`
	Announced   int64                       `json:"rows_announced"` // -1 = unknown
	Read        int64                       `json:"rows_read"`
	Rejected    int64                       `json:"rows_rejected"`
	Written     int64                       `json:"rows_written"`
	Hash        string                      `json:"hash,omitempty"`
	Tables      map[string]sinks.TableState `json:"tables,omitempty"`
	Objects     []object                    `json:"objects,omitempty"`
	Removes     []object                    `json:"removes,omitempty"`  // of the load before, while publishing
	Leaves      []object                    `json:"leaves,omitempty"`   // becomes Removes when all objects are at their names
	Restated    []restatement               `json:"restated,omitempty"` // while publishing, until it is in its own place
	LoadID      string                      `json:"load_id,omitempty"`
	Run         string                      `json:"run,omitempty"`
	LoadedAt    time.Time                   `json:"loaded_at,omitzero"`
	CheckedAt   time.Time                   `json:"checked_at,omitzero"`
	Fence       string                      `json:"fence"` // id of the load that began last
}

type state string

const (
	loading    state = "loading"    // nothing is committed
	publishing state = "publishing" // committed; objects are on the way from Staged to Name
	committed  state = "committed"
)

const manifestVersion = 1

// object is one object of a table's rows, or of its rejects.
type object struct {
	Table      string `json:"table"`
	Name       string `json:"name"` // below the prefix
	Generation int64  `json:"generation"`
	Rows       int64  `json:"rows"`
	Bytes      int64  `json:"bytes"`
	CRC32C     uint32 `json:"crc32c"`

	// While publishing: where the rows are until they are at Name, and which
	// generation of Name they replace.
	Staged           string `json:"staged,omitempty"`
	StagedGeneration int64  `json:"staged_generation,omitempty"`
	Replaces         int64  `json:"replaces,omitempty"`
}

// staging is the object as it stands before it is published.
func (o object) staging() entry {
	return entry{name: o.Staged, generation: o.StagedGeneration, size: o.Bytes, crc: o.CRC32C}
}

// is reports whether what a store has is the object.
func (o object) is(e entry) bool { return e.size == o.Bytes && (!e.summed || e.crc == o.CRC32C) }

func (m manifest) slice() sinks.Slice {
	return sinks.Slice{Job: m.Job, Part: m.Part, Start: m.Start.UTC(), End: m.End.UTC()}
}

// of reports whether the manifest is of a slice, whose end may have moved.
func (m manifest) of(s sinks.Slice) bool {
	return m.Job == s.Job && m.Part == s.Part && m.Start.Equal(s.Start)
}

func (m manifest) committed() sinks.Committed {
	return sinks.Committed{
		Slice: m.slice(), Definition: m.Definition, Tables: m.Tables, Announced: m.Announced, Read: m.Read,
		Rejected: m.Rejected, Written: m.Written, Provisional: m.Provisional, LoadedAt: m.LoadedAt, CheckedAt: m.CheckedAt,
	}
}

// document writes the manifest.
func (m manifest) document() ([]byte, error) {
	m.Version = manifestVersion
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return append(text, '\n'), nil
}

func readManifest(name string, text []byte) (manifest, error) {
	var m manifest
	err := json.Unmarshal(text, &m)
	if err == nil && m.Version != manifestVersion {
		err = fmt.Errorf("version %d is not known", m.Version)
	}
	if err == nil && !slices.Contains([]state{loading, publishing, committed}, m.State) {
		err = fmt.Errorf("state %q is not known", m.State)
	}
	if err != nil {
		return m, fault.New(fault.Permanent, "read manifest %s: %w", name, err).
			WithHint("Another version of the exporter, or somebody else, has written it. If nobody needs it, remove it with the objects beside it that begin with the same job and part, and load the slice again.")
	}
	return m, nil
}

// newManifest describes a load that is to be committed.
func newManifest(l sinks.Load, at time.Time) manifest {
	tables := make(map[string]sinks.TableState)
	for _, t := range l.Tables {
		tables[t.Name] = sinks.TableState{Rows: t.Tally.Rows, Hash: t.Tally.Hash(), Schema: t.Shape.Fingerprint(), Sums: t.Tally.Sums()}
	}
	return manifest{
		State: publishing, Job: l.Slice.Job, Part: l.Slice.Part, Start: l.Slice.Start, End: l.Slice.End,
		Definition: l.Definition, Provisional: l.Provisional, Announced: max(l.Announced, -1), Read: l.Read,
		Rejected: l.Rejected(), Written: l.Kept(), Hash: l.Hash(), Tables: tables,
		LoadID: l.LoadID, Run: l.Run, LoadedAt: at, CheckedAt: at, Fence: l.LoadID,
	}
}

// tablesOf returns the folders that a manifest's objects are in.
func (m manifest) tablesOf() []string {
	names := make(map[string]bool)
	for _, o := range m.Objects {
		names[o.Table] = true
	}
	return slices.Sorted(maps.Keys(names))
}
