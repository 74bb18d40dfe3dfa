package owapro

import "bytes"

// cell writes a text in the dialect's encoding, in quotes if it needs them.
func (t *table) cell(dst []byte, text string) []byte {
	return t.quoted(dst, t.encode(nil, text))
}

// quoted writes an encoded cell. Blanks at the ends are quoted too, or they would get lost.
func (t *table) quoted(dst, cell []byte) []byte {
	if t.d.Quote != QuoteAll && !bytes.ContainsAny(cell, "\"\r\n"+t.d.Delimiter) && len(bytes.TrimSpace(cell)) == len(cell) {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for _, c := range cell {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// windows1252 is where the code page differs from Latin-1, as far as labels use it.
var windows1252 = map[rune]byte{'€': 0x80, '–': 0x96, '“': 0x93, '”': 0x94}

func (t *table) encode(dst []byte, text string) []byte {
	if t.d.Encoding != EncodingWindows {
		return append(dst, text...)
	}
	for _, r := range text {
		c, special := windows1252[r]
		switch {
		case special:
			dst = append(dst, c)
		case r < 0x100:
			dst = append(dst, byte(r))
		default:
			dst = append(dst, '?')
		}
	}
	return dst
}
