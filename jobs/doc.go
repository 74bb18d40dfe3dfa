// Package jobs runs jobs: it plans slices, extracts each once into the spool,
// loads the spool into every sink of the job, and keeps the record.
//
// The life of a run stands in run.go, that of one slice in slice.go; the other
// files are the steps. States of a slice (the sink's ledger is the truth about
// committed, the state store a cache of it):
//
//	planned ─► extracting ─► extracted ─► loading ─► committed | unchanged
//	               │  ▲                      │
//	               │  └── next run goes on   ├─► failed        (a sink stays behind; its spool waits)
//	               │      at the checkpoint  └─► check_failed  (old rows stay)
//	               ├─► waiting      (quota or spool full; goes on at the same page)
//	               ├─► failed       (goes on at the last checkpoint)
//	               └─► interrupted  (goes on at the last checkpoint)
//
// Invariants: a slice that fails neither stops nor undoes another; a run with
// any slice that is neither committed nor unchanged is never green; one executor
// works on one state at a time. All times are UTC unless a zone is named.
package jobs
