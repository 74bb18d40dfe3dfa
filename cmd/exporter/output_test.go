package main

import (
	"bytes"
	"testing"
)

// What a vendor says is shown on one line and does nothing to a terminal: no escape
// sequences, also not those that begin with one character of eight bits, and no text
// that is read backwards.
func TestTextsOfStrangersStayTexts(t *testing.T) {
	const said = "vendor says: \x1b[31mred \u009b2Jgone \u202eevil\u202c \u2067x\u2069\r\nnext\x00\x7f"
	var stdout, stderr bytes.Buffer
	out := newOutput(&stdout, &stderr)
	out.warn(said)
	out.table([]string{"error"}, [][]string{{said}})
	for name, b := range map[string]*bytes.Buffer{"note": &stderr, "table": &stdout} {
		if got := bytes.ContainsAny(b.Bytes(), "\x1b\u009b\u202e\u202c\u2067\u2069\r\x00\x7f"); got {
			t.Errorf("%s: %q", name, b)
		}
		if !bytes.Contains(b.Bytes(), []byte(" ; next")) {
			t.Errorf("%s: %q does not show the text", name, b)
		}
	}
}
