package hasoffers

import "exporter/sources/pageprint"

// print is the fingerprint of a page's rows. Their order is left out because rows are
// members of an object.
type print struct {
	pageprint.Sum
	buf []byte
}

func (p *print) add(r *row) {
	p.buf = append(p.buf[:0], r.key...)
	for _, at := range r.at {
		p.buf = append(append(p.buf, 0), r.raw[at.from:at.to]...) // JSON holds no bare zero byte
	}
	p.Add(pageprint.Of(p.buf))
}
