package sinks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exporter/fault"
)

// RejectsSuffix names the table of a table's rejects.
const RejectsSuffix = "_rejects"

// Rejected returns the rows of all tables that could not be typed.
func (l Load) Rejected() int64 {
	var n int64
	for _, t := range l.Tables {
		n += t.Rejected
	}
	return n
}

// Kept returns the typed rows of all tables.
func (l Load) Kept() int64 {
	var n int64
	for _, t := range l.Tables {
		n += t.Tally.Rows
	}
	return n
}

// Keyed reports whether the load's mode finds rows by the key of their table.
func (l Load) Keyed() bool { return l.Mode == Merge || l.Mode == Snapshot }

// Hash returns the content hash of the slice: its table's, or a hash over the
// names and hashes of its tables, whatever their order.
func (l Load) Hash() string {
	if len(l.Tables) == 1 {
		return l.Tables[0].Tally.Hash()
	}
	hashes := make(map[string]string)
	for _, t := range l.Tables {
		hashes[t.Name] = t.Tally.Hash()
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		h.Write([]byte(name + "\x00" + hashes[name] + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// States returns the load's tables as a ledger keeps them, as JSON: all there is
// to say about each, and the sums alone.
func (l Load) States() (states, sums string, err error) {
	byTable := l.tableStates()
	sumsByTable := make(map[string]map[string]string)
	for name, s := range byTable {
		sumsByTable[name] = s.Sums
	}
	a, err := json.Marshal(byTable)
	if err != nil {
		return "", "", fmt.Errorf("write table states: %w", err)
	}
	b, err := json.Marshal(sumsByTable)
	if err != nil {
		return "", "", fmt.Errorf("write sums: %w", err)
	}
	return string(a), string(b), nil
}

func (l Load) tableStates() map[string]TableState {
	states := make(map[string]TableState)
	for _, t := range l.Tables {
		states[t.Name] = TableState{Rows: t.Tally.Rows, Hash: t.Tally.Hash(), Schema: t.Shape.Fingerprint(), Sums: t.Tally.Sums()}
	}
	return states
}

// ReadStates reads the states of tables that [Load.States] wrote; "" has none.
func ReadStates(text string) (map[string]TableState, error) {
	states := make(map[string]TableState)
	if text == "" {
		return states, nil
	}
	if err := json.Unmarshal([]byte(text), &states); err != nil {
		return nil, fault.New(fault.Permanent, "read column tables of the ledger: %w", err).
			WithHint("Somebody changed the ledger by hand. Load the slice again with run --force.")
	}
	return states, nil
}

// Refuse names what in a load no sink with these modes can load.
func (l Load) Refuse(driver string, modes []Mode) error {
	if !slices.Contains(modes, l.Mode) {
		return fault.New(fault.Config, "write mode %q is not supported by %s", l.Mode, driver).
			WithHint(`Write write = "replace" in the job.`)
	}
	if l.LoadID == "" || l.Slice.Job == "" || len(l.Tables) == 0 {
		return fault.New(fault.Permanent, "load has no id, job or tables")
	}
	names := make(map[string]bool)
	for _, t := range l.Tables {
		if t.Tally == nil {
			return fault.New(fault.Permanent, "table %s has no tally", t.Name)
		}
		if err := l.refuseKey(t); err != nil {
			return err
		}
		for _, n := range []string{t.Name, t.Name + RejectsSuffix} {
			if n = strings.ToLower(n); names[n] {
				return fault.New(fault.Config, "table name %s is used twice in one load", n).
					WithHint("Set another table in the job; %s takes the rows that cannot be typed.", n)
			}
			names[n] = true
		}
	}
	return nil
}

func (l Load) refuseKey(t Table) error {
	if !l.Keyed() {
		return nil
	}
	if len(t.Shape.Key) == 0 {
		return fault.New(fault.Config, "write mode %q finds rows by their key, and the rows of table %s have none", l.Mode, t.Name).
			WithHint(`Write write = "replace" in the job.`)
	}
	for _, k := range t.Shape.Key {
		if t.Shape.Column(k) < 0 {
			return fault.New(fault.Config, "write mode %q finds rows by their key, and column %s of the key of table %s is not loaded", l.Mode, k, t.Name).
				WithHint(`Load the column (fields, [jobs.NAME.columns]), or write write = "replace" in the job.`)
		}
	}
	return nil
}

// TakenOver is why a load may not commit: another writer of the slice began
// later. It is not repeated, because that one is newer and delivers the slice.
func (l Load) TakenOver() error {
	return fault.New(fault.Interrupted, "slice %s %s was taken over by another writer that began later", l.Slice.Job, l.Slice.Interval()).
		WithHint("Nothing of this load was kept. If no other load of the slice succeeded since, run it again; if this happens often, two exporters load the same job.")
}

// Appended is why a slice that is committed is not appended again.
func (l Load) Appended() error {
	return fault.New(fault.Config, "slice %s %s is committed, and write mode \"append\" loads a slice once", l.Slice.Job, l.Slice.Interval()).
		WithHint(`Its rows stay as they are. To load slices again, write write = "replace" or "merge" in the job.`)
}

// Reconcile refuses a load of which not every row is accounted for: announced =
// read = kept + rejected = written. Vendors announce rows of the first table; what
// hangs on those is in the tables behind it. A count that would not settle makes a
// slice provisional and is not compared. Wrote returns how many rows the sink has
// taken for a table, or for its rejects; a sink asks before its commit.
func (l Load) Reconcile(wrote func(table string) int64) error {
	kept, rejected := l.Kept(), l.Rejected()
	if l.Read != kept+rejected {
		return fault.New(fault.Data, "%d rows were read, %d were kept and %d rejected", l.Read, kept, rejected).
			WithHint("The slice was not committed; its old rows stay. This is a bug in exporter. Please report it.")
	}
	if first := l.Tables[0]; l.Announced >= 0 && !l.Provisional && l.Announced != first.Tally.Rows+first.Rejected {
		return fault.New(fault.Data, "the vendor announced %d rows, %d are for table %s", l.Announced, first.Tally.Rows+first.Rejected, first.Name).
			WithHint("The slice was not committed; its old rows stay. Run it again.")
	}
	for _, t := range l.Tables {
		if n := wrote(t.Name); n != t.Tally.Rows {
			return miscounted(t.Name, n, t.Tally.Rows)
		}
		if n := wrote(t.Name + RejectsSuffix); n != t.Rejected {
			return miscounted(t.Name+RejectsSuffix, n, t.Rejected)
		}
	}
	return nil
}

// miscounted is why a slice does not commit of which a table took another number
// of rows than were announced.
func miscounted(table string, took, want int64) error {
	return fault.New(fault.Data, "table %s took %d rows, the slice has %d", table, took, want).
		WithHint("The slice was not committed; its old rows stay. If it happens again the spool is damaged: run the slice with --force.")
}

// Swallowed is why a load or a purge does not commit of which somebody's trigger or rule
// left rows out. What is what was to be done with them: inserted, changed, deleted.
func Swallowed(table, what string, did, want int64) error {
	return fault.New(fault.Data, "%d of %d rows of table %s that were to be %s were left out", want-did, want, table, what).
		WithHint("A trigger or rule of the table does so. Nothing was committed; the old rows stay. Let the owner of the table drop it, or keep it from these rows.")
}

// KeyTwice is why rows do not commit of which several have one key: which of them
// is the row cannot be told. Key is the key with its values.
func KeyTwice(table, key string, times int64) error {
	return fault.New(fault.Data, "%d rows for table %s have the key %s", times, table, key).
		WithHint(`The slice was not committed; its old rows stay. The vendor's rows are not unique by that key: write write = "replace" in the job.`)
}

// KeyEmpty is why rows do not commit that cannot be found again. A source should
// require the columns of its keys, so that such rows are rejected before.
func KeyEmpty(table, column string, rows int64) error {
	return fault.New(fault.Data, "%d rows for table %s have no %s, which is part of their key", rows, table, column).
		WithHint(`The slice was not committed; its old rows stay. Write write = "replace" in the job, which needs no key.`)
}
