package owapro

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"exporter/fault"
	"exporter/settings"
)

// CSV pins what is detected otherwise.
type CSV struct {
	Delimiter string `toml:"delimiter"` // ";", ",", "\t" or "|"
	Encoding  string `toml:"encoding"`  // utf-8 or windows-1252
	Decimal   string `toml:"decimal"`   // "." or ","
	Thousands string `toml:"thousands"` // ".", ",", " ", "'" or none
	Summary   string `toml:"summary"`   // auto or none
}

const (
	encodingUTF8    = "utf-8"
	encodingWindows = "windows-1252"
	pinnedNone      = "none"
	summaryAuto     = "auto"
)

const delimiters = ";,\t|"

func (c CSV) validate() []settings.Problem {
	var p []settings.Problem
	one := func(key, value, what string, allowed ...string) {
		if value != "" && !slices.Contains(allowed, value) {
			p = append(p, settings.Problemf("csv."+key, "%q is not %s; write one of %q", value, what, allowed))
		}
	}
	one("delimiter", c.Delimiter, "a delimiter", ";", ",", "\t", "|")
	one("encoding", c.Encoding, "an encoding known here", encodingUTF8, encodingWindows)
	one("decimal", c.Decimal, "a decimal mark", ".", ",")
	one("thousands", c.Thousands, "a mark of thousands", ".", ",", " ", "'", pinnedNone)
	one("summary", c.Summary, "a way to treat rows of sums", summaryAuto, pinnedNone)
	if c.Decimal != "" && c.Decimal == c.Thousands {
		p = append(p, settings.Problemf("csv.thousands", "is the decimal mark too; write another, or take one of the two out"))
	}
	return p
}

// marks returns the marks that are pinned.
func (c CSV) marks() marks {
	var m marks
	if c.Decimal != "" {
		m.decimal = c.Decimal[0]
	}
	switch c.Thousands {
	case "":
	case pinnedNone:
		m.thousands = noThousands
	default:
		m.thousands = rune(c.Thousands[0])
	}
	m.settle()
	return m
}

// dialect is how one CSV is written.
type dialect struct {
	delimiter rune
	windows   bool // Windows-1252; else UTF-8
	certain   bool // else it was ASCII so far, and the first other cell decides
}

var bom = []byte("\ufeff")

// detect finds the dialect of a CSV from its beginning, which has no BOM any more.
// The header is the best witness of the delimiter: the one that gives most fields.
func (c CSV) detect(start []byte, charset string) (dialect, error) {
	d := dialect{windows: charset == encodingWindows || charset == "iso-8859-1" || charset == "cp1252"}
	switch {
	case c.Encoding != "":
		d.windows, d.certain = c.Encoding == encodingWindows, true
	case !d.windows:
		d.windows = !utf8.Valid(wholeRunes(start))
		d.certain = d.windows || charset == encodingUTF8 || !isASCII(start)
	default:
		d.certain = true
	}
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return d, fault.New(fault.Data, "the CSV is in UTF-16, which is not read here").WithHint(`Write format = "json" in the job's options.`)
	}
	if c.Delimiter != "" {
		d.delimiter = rune(c.Delimiter[0])
		return d, nil
	}
	most := 0
	for _, delimiter := range delimiters {
		header, err := newCSV(bytes.NewReader(start), delimiter).Read()
		if err == nil && len(header) > most {
			d.delimiter, most = delimiter, len(header)
		}
	}
	if most < 2 {
		return d, &unsure{reason: "the header of the CSV has no delimiter that is known"}
	}
	return d, nil
}

// wholeRunes cuts a rune off that goes on beyond the end.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// appendText appends a cell in UTF-8. It reports whether bytes were no text.
func (d *dialect) appendText(dst, s []byte) (out []byte, bad bool) {
	if isASCII(s) {
		return append(dst, s...), false
	}
	valid := !d.windows && utf8.Valid(s)
	if !d.certain {
		d.certain, d.windows = true, !valid
	}
	switch {
	case valid:
		return append(dst, s...), false
	case !d.windows:
		return append(dst, bytes.ToValidUTF8(s, []byte("\ufffd"))...), true
	}
	for _, c := range s {
		dst = utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(c))
	}
	return dst, false
}

func isASCII(s []byte) bool {
	for ; len(s) >= 8; s = s[8:] {
		if binary.LittleEndian.Uint64(s)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
