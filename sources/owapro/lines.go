package owapro

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
)

// lines reads the records of a CSV. It cuts records of one line itself, which are
// nearly all of them, and gives the others, and what is malformed, to encoding/csv:
// what it returns is what that would return for the whole.
type lines struct {
	in        *bufio.Reader
	delimiter byte
	last      byte  // of what was read
	at, from  int   // number of the line read last, and of the one the record begins in
	err       error // that ended the reading
	long      []byte
	fields    [][]byte
	ascii     bool // no byte of the record is beyond ASCII
	quoted    *csv.Reader
	pending   []byte // what quoted reads next
	given     int    // lines that quoted was given
	text      []byte // of fields with quotes
}

func newLines(in *bufio.Reader, delimiter rune) *lines {
	l := &lines{in: in, delimiter: byte(delimiter)}
	l.quoted = newCSV(giver{l}, delimiter)
	return l
}

// read returns the fields of the next record, which are good until the one after.
func (l *lines) read() ([][]byte, error) {
	for {
		line, err := l.line()
		if err != nil {
			return nil, err
		}
		content := bytes.TrimSuffix(line, []byte("\n"))
		if len(content) < len(line) || l.err != nil { // or a \r is of the text
			content = bytes.TrimSuffix(content, []byte("\r"))
		}
		if len(content) == 0 {
			continue
		}
		l.from, l.ascii = l.at, isASCII(content)
		l.fields = l.fields[:0]
		if bytes.IndexByte(content, '"') < 0 {
			l.cut(content)
			return l.fields, nil
		}
		if l.cutQuoted(content) {
			return l.fields, nil
		}
		return l.withQuotes(line)
	}
}

// cut appends the fields of a line without quotes.
func (l *lines) cut(content []byte) {
	for {
		i := bytes.IndexByte(content, l.delimiter)
		if i < 0 {
			l.fields = append(l.fields, content)
			return
		}
		l.fields, content = append(l.fields, content[:i]), content[i+1:]
	}
}

// cutQuoted appends the fields of a line with quotes, unless one of them goes on in the
// next line, or the line is malformed: it says so then, and the fields are worth nothing.
func (l *lines) cutQuoted(content []byte) bool {
	l.text = l.text[:0]
	for {
		var field []byte
		if len(content) > 0 && content[0] == '"' {
			end := 0
			if field, end = l.quotedField(content[1:]); end < 0 {
				return false
			}
			content = content[1+end:]
		} else {
			end := bytes.IndexByte(content, l.delimiter)
			if end < 0 {
				end = len(content)
			}
			if field, content = content[:end], content[end:]; bytes.IndexByte(field, '"') >= 0 {
				return false
			}
		}
		l.fields = append(l.fields, field)
		switch {
		case len(content) == 0:
			return true
		case content[0] != l.delimiter:
			return false
		}
		content = content[1:]
	}
}

// quotedField returns the text of a field, and where what follows its closing quote
// begins, -1 if there is none.
func (l *lines) quotedField(rest []byte) (field []byte, end int) {
	from := len(l.text)
	for at := 0; ; {
		i := bytes.IndexByte(rest[at:], '"')
		if i < 0 {
			return nil, -1
		}
		switch i += at; {
		case i+1 < len(rest) && rest[i+1] == '"': // a quote of the text
			l.text = append(l.text, rest[at:i+1]...)
			at = i + 2
		case at == 0:
			return rest[:i], i + 1
		default:
			l.text = append(l.text, rest[at:i]...)
			return l.text[from:], i + 1
		}
	}
}

// line returns the next line with its end. The last one may have none.
func (l *lines) line() ([]byte, error) {
	if l.err != nil {
		return nil, l.err
	}
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = l.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			l.long = append(l.long, line...)
			line, err = l.in.ReadSlice('\n')
		}
		l.long = append(l.long, line...)
		line = l.long
	}
	if l.err = err; err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, err
	}
	l.last = line[len(line)-1]
	l.at++
	return line, nil
}

// withQuotes returns the fields of a record that begins with line.
func (l *lines) withQuotes(line []byte) ([][]byte, error) {
	l.pending = line
	skipped := l.from - 1 - l.given
	l.given++
	record, err := l.quoted.Read()
	if err != nil {
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			parse.StartLine += skipped
			parse.Line += skipped
		}
		return nil, err
	}
	l.fields, l.text = l.fields[:0], l.text[:0]
	for _, field := range record {
		l.text = append(l.text, field...)
	}
	rest := l.text
	for _, field := range record {
		l.fields, rest = append(l.fields, rest[:len(field)]), rest[len(field):]
	}
	l.ascii = isASCII(l.text)
	return l.fields, nil
}

// giver gives a record's lines to encoding/csv, one at a time, so that it never has
// one of the next record.
type giver struct{ *lines }

// Read implements io.Reader.
func (g giver) Read(p []byte) (int, error) {
	if len(g.pending) == 0 {
		line, err := g.line()
		if err != nil {
			return 0, err
		}
		g.pending = line
		g.given++
	}
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	return n, nil
}
