package owapro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"exporter/fault"
	"exporter/record"
)

// maxHeld bounds the rows of a block that have to wait for its metadata, in bytes.
const maxHeld = 32 << 20

// answer is a report in JSON: everything of it but its rows.
type answer struct {
	status string
	text   []byte // of its messages
	blocks []blockAnswer
}

// blockAnswer is what a block says about itself.
type blockAnswer struct {
	counts
	seen      bool
	described bool // metadata was there
	coded     bool // and status.code
	code      int64
	msg       string
	metadata  metadata
}

// taker gets the rows of the blocks of an answer.
type taker interface {
	// describe gives the metadata of block i: before its rows, where eager is false.
	describe(i int, m *metadata)
	// eager reports whether the rows of block i can do without metadata.
	eager(i int) bool
	slots(i int) *slots
	take(i int, r *row) error
}

func (a *answer) currency() string {
	for _, b := range a.blocks {
		if b.metadata.Currency != "" {
			return string(b.metadata.Currency)
		}
	}
	return ""
}

// decode reads an answer to its end, gives its rows to t, nil for nobody, and fails
// unless the vendor says of everything that it is good.
func (a *answer) decode(s *source, body response, q question, t taker) error {
	d := newDecoder(body)
	p := parser{decoder: d, q: q, t: t, a: a}
	for i := range a.blocks {
		a.blocks[i] = blockAnswer{counts: noCounts()}
	}
	if err := d.Document(func() error { return d.Object(p.top) }); err != nil {
		return err
	}
	if a.status != "1" {
		return inAnswer(s.client.Redact(withStatus(vendorText(a.text), "status", a.status)))
	}
	for i, b := range a.blocks {
		name := ""
		if q.multi {
			name = fmt.Sprintf("block %s: ", q.blocks[i].id)
		}
		switch {
		case !b.seen:
			return fault.New(fault.Data, "%sthe answer does not hold it", name).WithHint("The vendor's answer has another shape than documented. Report it to Hurra.")
		case b.coded && b.code != 0:
			err := inAnswer(s.client.Redact(withStatus(b.msg, "status.code", fmt.Sprint(b.code))))
			err.Msg = strings.TrimSuffix(name, ": ")
			return err
		case !b.coded:
			return fault.New(fault.Data, "%sthe answer does not say that it is good: it has no status.code", name).
				WithHint("The vendor's answer has another shape than documented. Report it to Hurra.")
		}
	}
	return nil
}

func withStatus(text, what, value string) string {
	if text == "" {
		text = "no reason"
	}
	return fmt.Sprintf("%s (%s %q)", text, what, value)
}

// parser walks through one answer.
type parser struct {
	decoder
	q question
	t taker
	a *answer
}

func (p *parser) top(name string) error {
	switch name {
	case "status":
		text, err := p.text()
		p.a.status = text
		return err
	case "data":
		if p.PeekKind() == '[' {
			return p.List(p.block)
		}
		return p.SkipValue()
	case "message", "error", "error_description", "msg":
		value, err := p.ReadValue()
		if err == nil {
			quoted, _ := json.Marshal(name) // strings always encode
			if len(p.a.text) == 0 {
				p.a.text = fmt.Appendf(nil, "{%s:%s}", quoted, value)
			}
		}
		return err
	default:
		return p.SkipValue()
	}
}

// block reads one block. Its members come in any order, so that rows may have to
// wait for what they mean.
func (p *parser) block() error {
	at := -1
	if len(p.q.blocks) == 1 {
		at = 0
	}
	b := blockAnswer{counts: noCounts(), seen: true}
	var held []byte
	err := p.Object(func(name string) error {
		switch name {
		case "data_blockid":
			id, err := p.text()
			if i := p.indexOf(id); i >= 0 {
				at = i
			}
			return err
		case "status":
			return p.blockStatus(&b)
		case "metadata":
			return p.describe(at, &b)
		case "data":
			return p.rows(at, &b, &held)
		default:
			return p.SkipValue()
		}
	})
	if err != nil || at < 0 {
		return err // a block nobody asked for has no rows for anybody
	}
	if p.a.blocks[at].seen {
		return fault.New(fault.Data, "block %s comes twice in the answer", p.q.blocks[at].id).
			WithHint("The vendor's answer has another shape than documented. Report it to Hurra.")
	}
	if err := p.release(at, &b, held); err != nil {
		return err
	}
	p.a.blocks[at] = b
	return nil
}

func (p *parser) indexOf(id string) int {
	for i, b := range p.q.blocks {
		if b.id == id {
			return i
		}
	}
	return -1
}

func (p *parser) blockStatus(b *blockAnswer) error {
	if p.PeekKind() != '{' {
		return p.SkipValue()
	}
	return p.Object(func(name string) error {
		switch name {
		case "code":
			b.coded = true
			return p.integer(&b.code)
		case "items":
			return p.integer(&b.items)
		case "pages":
			return p.integer(&b.pages)
		case "msg":
			text, err := p.text()
			b.msg = text
			return err
		default:
			return p.SkipValue()
		}
	})
}

func (p *parser) describe(at int, b *blockAnswer) error {
	value, err := p.ReadValue()
	if err != nil {
		return err
	}
	if bytes.HasPrefix(value, []byte("{")) {
		if err := json.Unmarshal(value, &b.metadata); err != nil {
			return fault.New(fault.Data, "read metadata: %w", err).WithHint("The vendor's answer has another shape than documented. Report it to Hurra.")
		}
	}
	b.described = true
	if n, err := record.ParseInteger([]byte(b.metadata.Overwritten.PageLimit)); err == nil {
		b.limit = n
	}
	if p.t != nil && at >= 0 {
		p.t.describe(at, &b.metadata)
	}
	return nil
}

// rows reads the rows of a block, or keeps them until it is known what they mean.
func (p *parser) rows(at int, b *blockAnswer, held *[]byte) error {
	switch {
	case p.t == nil || p.PeekKind() != '[':
		return p.SkipValue()
	case at >= 0 && (b.described || p.t.eager(at)):
		slots := p.t.slots(at)
		r := newRow(len(slots.index))
		return p.List(func() error { return p.row(p.decoder, at, slots, r) })
	}
	return p.List(func() error {
		value, err := p.ReadValue()
		if err != nil {
			return err
		}
		if *held = append(*held, value...); len(*held) > maxHeld {
			return fault.New(fault.Data, "more than %d bytes of rows came on one page", maxHeld).
				WithHint("Lower page_size in the job's options. If that is of no help the vendor ignores page_limit; ask for fewer days or dimensions.")
		}
		return nil
	})
}

// release hands on the rows that were kept.
func (p *parser) release(at int, b *blockAnswer, held []byte) error {
	if p.t == nil {
		return nil
	}
	if !b.described {
		p.t.describe(at, &b.metadata)
	}
	d := newDecoder(bytes.NewReader(held))
	slots := p.t.slots(at)
	r := newRow(len(slots.index))
	for d.PeekKind() != 0 {
		if err := p.row(d, at, slots, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) row(d decoder, at int, slots *slots, r *row) error {
	if k := d.PeekKind(); k != '{' && k != 0 {
		return fault.New(fault.Data, "a row is a JSON %s, not an object", k).WithHint("The vendor's answer has another shape than documented. Report it to Hurra.")
	}
	r.reset()
	nth := 0
	err := d.object(func(quoted []byte) error {
		slot := slots.find(nth, quoted)
		nth++
		if slot < 0 {
			return d.SkipValue()
		}
		value, err := d.ReadValue()
		if err == nil {
			r.setJSON(slot, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.t.take(at, r)
}
