package hasoffers

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
	"exporter/record"
)

// answer is everything of an answer but its rows.
type answer struct {
	status int64 // 1 = success; anything else, and unknown, is not
	// What the envelope announces, unknown where there is none.
	page, count, pages int64
	rows               int64    // rows that were decoded
	texts              []string // every text that tells what went wrong
}

const unknown int64 = -1

// decoder reads one answer after the other. Its memory is one row.
type decoder struct {
	tokens
	model string // of the rows, "Conversion"
	slots slots
	row   row
	each  func(*row) error // called with every row; the row is good until it returns
	out   answer
	key   []byte // of the row that is being read

	oneRow, member func(name []byte) error // methods, made values once
}

func newDecoder(model string, names []string, each func(*row) error) *decoder {
	d := &decoder{tokens: newTokens(), model: model, slots: newSlots(names), row: row{at: make([]span, len(names))}, each: each}
	d.oneRow, d.member = d.readRow, d.rowMember
	return d
}

// decode reads one answer to its end. Bytes that are no answer are transient:
// they come from broken connections and from the machines in front of the vendor.
func (d *decoder) decode(body io.Reader) (answer, error) {
	d.out = answer{status: unknown, page: unknown, count: unknown, pages: unknown}
	d.reset(body)
	if err := d.object(d.top); err != nil {
		return d.out, d.broken(err)
	}
	// Reading on to the end proves that the answer is whole, its compression too.
	if err := d.atEnd(); err != nil {
		return d.out, d.broken(err)
	}
	return d.out, nil
}

func (d *decoder) broken(err error) error {
	var classified *fault.Error
	if errors.As(err, &classified) || errors.Is(err, errStopped) {
		return err
	}
	return fault.New(fault.Transient, "decode answer after byte %d: %w", d.offset(), err).
		WithHint("The vendor sent something that is not a whole JSON answer; it is asked again. If that stays so, look at the vendor's status page.")
}

// top reads the members of the whole answer. The echoed request is skipped
// unread: it holds the caller's token.
func (d *decoder) top(name []byte) error {
	switch string(name) {
	case "response":
		if k, err := d.kind(); err == nil && k == '{' {
			return d.object(d.response)
		}
		return d.skip()
	case "message", "error", "error_description":
		return d.text()
	default:
		return d.skip()
	}
}

func (d *decoder) response(name []byte) error {
	switch string(name) {
	case "status":
		return d.number(&d.out.status)
	case "data":
		return d.data()
	case "errors", "errorMessage":
		return d.text()
	default:
		return d.skip()
	}
}

// data reads response.data: an envelope with paging, rows by id, a list, or a
// scalar that stands for nothing.
func (d *decoder) data() error {
	k, err := d.kind()
	switch {
	case err != nil:
		return err
	case k == '{':
		paged := false
		return d.object(func(name []byte) error { return d.dataMember(name, &paged) })
	case k == '[':
		return d.list()
	default:
		return d.skip()
	}
}

// dataMember reads a member of an object under data. Once a key of the paging
// envelope was seen, other objects than its data are additions to skip.
func (d *decoder) dataMember(name []byte, paged *bool) error {
	k, err := d.kind()
	if err != nil {
		return err
	}
	switch string(name) {
	case "data":
		switch k {
		case '{':
			return d.object(d.oneRow)
		case '[':
			return d.list()
		}
	case "page":
		*paged = true
		return d.number(&d.out.page)
	case "count":
		*paged = true
		return d.number(&d.out.count)
	case "pageCount":
		*paged = true
		return d.number(&d.out.pages)
	case d.model:
		if k == '{' {
			return d.fields(nil)
		}
	}
	switch {
	case k == '{' && !*paged:
		return d.oneRow(name)
	case !*paged && len(name) > 0 && name[0] >= '0' && name[0] <= '9':
		return fault.New(fault.Data, "row %s is not an object", name)
	}
	return d.skip()
}

func (d *decoder) list() error {
	return d.elements(func() error { return d.oneRow(nil) })
}

// readRow reads {"Conversion": {...}, other models}.
func (d *decoder) readRow(key []byte) error {
	d.key = append(d.key[:0], key...)
	k, err := d.kind()
	if err != nil {
		return err
	}
	if k != '{' {
		return fault.New(fault.Data, "row %s is a JSON %s, not an object", d.key, k)
	}
	before := d.out.rows
	if err := d.object(d.member); err != nil {
		return err
	}
	if d.out.rows == before {
		return fault.New(fault.Data, "row %s holds no %s", d.key, d.model)
	}
	return nil
}

func (d *decoder) rowMember(name []byte) error {
	if string(name) != d.model {
		return d.skip()
	}
	if k, err := d.kind(); err == nil && k == '{' {
		return d.fields(d.key)
	}
	return d.skip()
}

// fields reads the fields of one row and hands it out.
func (d *decoder) fields(key []byte) error {
	for {
		d.row.reset(key)
		n := d.plainFields(d.unread())
		if n == cutOff && d.more() {
			continue
		}
		if n > 0 {
			d.row.raw, d.at = d.unread(), d.at+n
		} else if err := d.oddFields(key); err != nil {
			return err
		}
		d.out.rows++
		return d.each(&d.row)
	}
}

// plainFields notes where the fields of a row are in b, which begins with the row, and
// returns how long it is; or why it cannot: the row goes on behind b, or holds more
// than strings, numbers and words without white space between them.
func (d *decoder) plainFields(b []byte) int {
	i := 1
	for nth := 0; ; nth++ {
		slot, n := d.slots.next(nth, b[i:])
		if n <= 0 {
			return n
		}
		i += n
		n, escaped := scan(b[i:])
		if n <= 0 {
			return n
		}
		if slot >= 0 {
			d.row.at[slot] = span{i, i + n, escaped}
		}
		if i += n; i == len(b) {
			return cutOff
		}
		switch b[i] {
		case ',':
			i++
		case '}':
			return i + 1
		default:
			return notPlain
		}
	}
}

// oddFields reads the fields of any row.
func (d *decoder) oddFields(key []byte) error {
	d.row.reset(key)
	d.row.own = d.row.own[:0]
	err := d.object(func(name []byte) error {
		slot, ok := d.slots.index[string(name)]
		if !ok {
			return d.skip()
		}
		value, err := d.value()
		if err == nil {
			from := len(d.row.own)
			d.row.own = append(d.row.own, value...)
			d.row.at[slot] = span{from, len(d.row.own), bytes.IndexByte(value, '\\') >= 0}
		}
		return err
	})
	d.row.raw = d.row.own
	return err
}

// number reads a number that may be written as a string; anything else is unknown.
func (d *decoder) number(to *int64) error {
	value, err := d.value()
	if err != nil {
		return err
	}
	if n := len(value); n > 1 && value[0] == '"' {
		value = value[1 : n-1]
	}
	n, err := record.ParseInteger(value)
	if err != nil {
		n = unknown
	}
	*to = n
	return nil
}

// text collects the strings of a value that tells what went wrong, whatever its shape.
func (d *decoder) text() error {
	return d.library(func(json *jsontext.Decoder) error {
		for {
			kind, length := json.StackIndex(json.StackDepth())
			name := kind == '{' && length%2 == 0
			token, err := json.ReadToken()
			if err != nil {
				return err
			}
			if token.Kind() == '"' && !name && token.String() != "" {
				d.out.texts = append(d.out.texts, token.String())
			}
			if json.StackDepth() == 0 {
				return nil
			}
		}
	})
}
