package hasoffers

import (
	"errors"
	"io"
)

// inputBytes is what is read of an answer at once. A row that is longer is read by
// the library, which takes as much memory as it needs.
const inputBytes = 64 << 10

// input is an answer with what was read ahead of it.
type input struct {
	body    io.Reader
	buf     []byte
	at, end int   // of buf that is unread
	before  int64 // bytes in front of buf
	err     error // why body has no more
}

func (in *input) reset(body io.Reader) {
	if in.buf == nil {
		in.buf = make([]byte, inputBytes)
	}
	*in = input{body: body, buf: in.buf}
}

// offset is how much of the answer was used.
func (in *input) offset() int64 { return in.before + int64(in.at) }

func (in *input) unread() []byte { return in.buf[in.at:in.end] }

// more reads on and reports whether there is more to see. What is unread stays, at
// another place. It at least doubles, so that a row that comes in small pieces is not
// looked at again with each of them.
func (in *input) more() bool {
	in.end = copy(in.buf, in.unread())
	in.before, in.at = in.before+int64(in.at), 0
	room := in.buf[in.end:]
	if in.err != nil || len(room) == 0 {
		return false
	}
	n, least := 0, min(max(in.end, 1), len(room))
	for n < least && in.err == nil { // io.ReadAtLeast has one error for an end and for a body that is cut off
		var more int
		more, in.err = in.body.Read(room[n:])
		n += more
	}
	in.end += n
	return n > 0
}

// Read implements io.Reader for the library. What it read ahead it gives back.
func (in *input) Read(p []byte) (int, error) {
	if in.at == in.end && !in.more() {
		return 0, in.err
	}
	n := copy(p, in.unread())
	in.at += n
	return n, nil
}

// giveBack takes back the last n bytes of the last Read.
func (in *input) giveBack(n int) { in.at -= n }

// next returns the next byte that is no white space, which stays unread. The end is
// io.ErrUnexpectedEOF.
func (in *input) next() (byte, error) {
	for {
		for ; in.at < in.end; in.at++ {
			switch c := in.buf[in.at]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if in.more() {
			continue
		}
		if errors.Is(in.err, io.EOF) {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, in.err
	}
}
