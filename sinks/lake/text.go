package lake

import (
	"bytes"
	"strconv"
	"time"

	"exporter/record"
)

const hexDigits = "0123456789abcdef"

// csvHeader is the first line: RFC 4180, UTF-8, without a byte order mark.
func csvHeader(columns []column) []byte {
	var line []byte
	for i, c := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendCSV(line, []byte(c.Name))
	}
	return append(line, "\r\n"...)
}

// csvRow writes a row as a line. A null has no characters, an empty text has two
// quotes; in a table of one column a null has them too, because a line without
// characters is no row.
func csvRow(columns []column) func(dst []byte, b *record.Batch, row int) []byte {
	return func(dst []byte, b *record.Batch, row int) []byte {
		for i := range columns {
			if i > 0 {
				dst = append(dst, ',')
			}
			cell, null := columns[i].of(b, row)
			switch t := columns[i].cell; {
			case null && len(columns) == 1:
				dst = append(dst, '"', '"')
			case null:
			case t == record.Text || t == record.JSON:
				dst = appendCSV(dst, cell)
			default:
				dst = appendCell(dst, t, cell)
			}
		}
		return append(dst, "\r\n"...)
	}
}

func appendCSV(dst, cell []byte) []byte {
	if len(cell) > 0 && !bytes.ContainsAny(cell, "\",\r\n") && cell[0] != ' ' && cell[len(cell)-1] != ' ' {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
	return append(append(dst, cell...), '"')
}

// safeInteger is the largest number up to which every reader of JSON keeps integers.
const safeInteger = 1<<53 - 1

// jsonRow writes a row as an object on a line. Numerics, and integers that floating
// point cannot hold, are strings: DuckDB, BigQuery and others read a JSON number of
// many digits as floating point, and a string with all its digits as what the column
// is. A null of a JSON column is left out, because null is a value there.
func jsonRow(columns []column) func(dst []byte, b *record.Batch, row int) []byte {
	keys := make([][]byte, len(columns))
	for i, c := range columns {
		keys[i] = append(appendJSON(nil, []byte(c.Name)), ':')
	}
	return func(dst []byte, b *record.Batch, row int) []byte {
		mark := byte('{')
		for i := range columns {
			cell, null := columns[i].of(b, row)
			t := columns[i].cell
			if null && columns[i].Type == record.JSON {
				continue
			}
			dst = append(append(dst, mark), keys[i]...)
			mark = ','
			if null {
				dst = append(dst, "null"...)
				continue
			}
			switch t {
			case record.Text:
				dst = appendJSON(dst, cell)
			case record.JSON:
				dst = appendLine(dst, cell)
			case record.Integer:
				quoted := columns[i].Type == record.Numeric || magnitude(record.Int(cell)) > safeInteger
				dst = appendQuoted(dst, quoted, t, cell)
			case record.Numeric, record.Date, record.Timestamp, record.LocalTime:
				dst = appendQuoted(dst, true, t, cell)
			default:
				dst = appendCell(dst, t, cell)
			}
		}
		if mark == '{' {
			dst = append(dst, '{')
		}
		return append(dst, '}', '\n')
	}
}

func appendQuoted(dst []byte, quoted bool, t record.Type, cell []byte) []byte {
	if !quoted {
		return appendCell(dst, t, cell)
	}
	return append(appendCell(append(dst, '"'), t, cell), '"')
}

// appendLine appends JSON, whose line breaks can only stand between its tokens.
func appendLine(dst, cell []byte) []byte {
	start := len(dst)
	dst = append(dst, cell...)
	for i := start; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return dst
}

// appendJSON appends UTF-8 as a JSON string.
func appendJSON(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// appendCell appends a cell that is neither text nor JSON; times in RFC 3339.
func appendCell(dst []byte, t record.Type, cell []byte) []byte {
	switch t {
	case record.Integer:
		return strconv.AppendInt(dst, record.Int(cell), 10)
	case record.Float:
		return strconv.AppendFloat(dst, record.Float64(cell), 'g', -1, 64)
	case record.Boolean:
		return strconv.AppendBool(dst, cell[0] != 0)
	case record.Date:
		return time.Unix(int64(record.Days(cell))*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	case record.Timestamp:
		return time.UnixMicro(record.Int(cell)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999Z")
	case record.LocalTime:
		return time.UnixMicro(record.Int(cell)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999")
	default:
		return append(dst, cell...)
	}
}
