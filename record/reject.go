package record

import (
	"encoding/json"
	"fmt"
)

func (b *Builder) reject(format string, args ...any) {
	if b.bad < 0 {
		b.bad, b.reason = b.column(), fmt.Sprintf(format, args...)
	}
	b.batch.endCell(true)
}

func (b *Builder) rejectRow(raw []byte) {
	bad, reason := b.bad, b.reason
	b.Discard()
	r := &b.rejects
	if len(raw) > 0 && !json.Valid(raw) {
		// The row itself may be what is broken; as a JSON string it can be stored.
		quoted, err := json.Marshal(string(raw))
		if err != nil {
			panic("record: a string cannot be written as JSON: " + err.Error())
		}
		raw = quoted
	}
	r.arena = appendText(r.arena, appendJSON(nil, raw))
	r.endCell(len(raw) == 0)
	if bad < len(b.table.Columns) {
		r.arena = append(r.arena, b.table.Columns[bad].Name...)
	}
	r.endCell(bad >= len(b.table.Columns))
	r.arena = append(r.arena, reason...)
	r.endCell(false)
	r.rows++
}

func clip(s []byte) []byte {
	const most = 64
	if len(s) > most {
		return s[:most]
	}
	return s
}
