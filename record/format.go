package record

import (
	"strconv"
	"time"
)

// Format returns a cell as text for people, times in RFC 3339; "" for null.
func Format(t Type, b *Batch, row, col int) (text string, null bool) {
	cell, null := b.Cell(row, col)
	if null {
		return "", true
	}
	return format(t, cell), false
}

func format(t Type, cell []byte) string {
	switch t {
	case Integer:
		return strconv.FormatInt(Int(cell), 10)
	case Float:
		return strconv.FormatFloat(Float64(cell), 'g', -1, 64)
	case Boolean:
		return strconv.FormatBool(cell[0] != 0)
	case Date:
		return time.Unix(int64(Days(cell))*86400, 0).UTC().Format(time.DateOnly)
	case Timestamp:
		return time.UnixMicro(Int(cell)).UTC().Format("2006-01-02T15:04:05.999999Z")
	case LocalTime:
		return time.UnixMicro(Int(cell)).UTC().Format("2006-01-02T15:04:05.999999")
	default:
		return string(cell)
	}
}
