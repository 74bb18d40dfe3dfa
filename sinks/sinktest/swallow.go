package sinktest

import (
	"strings"

	"exporter/fault"
	"exporter/sinks"
)

// swallowing are changes of rows, and the row that a trigger leaves out of each.
var swallowing = map[string]string{"INSERT": "5", "UPDATE": "1", "DELETE": "0"}

// swallowed: a trigger of somebody's that leaves a row out keeps the slice out,
// whatever the load does with its rows.
func swallowed(r *rule) {
	for event, id := range swallowing {
		table := r.name + "_" + strings.ToLower(event)
		old := rows(table, shape, 0, some(5, "old")) // 0 to 4
		fresh := rows(table, shape, 0, someFrom(1, 6, "new"))
		first, second := r.slice(0), r.slice(0)
		first.Job, second.Job = table, table
		if r.mode == sinks.Append {
			second = r.slice(1)
			second.Job = table
			fresh = rows(table, shape, 0, someFrom(5, 6, "new"))
		}
		drop := func(l *sinks.Load) { l.Absent = sinks.AbsentDrop }
		if r.mode != sinks.Snapshot {
			drop = func(*sinks.Load) {}
		}
		r.bring(first, drop, old)
		remove := r.h.Swallow(r, table, event, id)
		l := r.loadOf(second, fresh)
		drop(&l)
		w := r.begin(r.sink, l)
		err := write(r.Context(), w, fresh)
		if err == nil {
			_, err = w.Commit(r.Context())
		}
		r.abort(w)
		if r.uses(event) {
			if fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "1 of ") || !strings.Contains(err.Error(), table) {
				r.Errorf("a row less by %s: %v (%s), want class data, how many are missing where, and a hint", event, err, fault.HintOf(err))
			}
			r.expect(table, shape, old.want)
			remove()
			r.bring(second, drop, fresh)
		} else if err != nil {
			r.Errorf("a trigger on %s, which is not used: %v", event, err)
		}
		want := fresh.want
		switch r.mode {
		case sinks.Merge:
			want = append(old.want[:1:1], want...)
		case sinks.Append:
			want = append(old.want[:5:5], want...)
		case sinks.Replace, sinks.Snapshot:
		}
		r.expect(table, shape, want)
	}
}

// uses reports whether a mode changes rows so when slices are loaded again.
func (r *rule) uses(event string) bool {
	switch r.mode {
	case sinks.Merge:
		return event != "DELETE"
	case sinks.Append:
		return event == "INSERT"
	case sinks.Snapshot:
		return true
	case sinks.Replace:
	}
	return event != "UPDATE"
}
