package hasoffers

import (
	"context"
	"io"
	"net/http"

	"exporter/ratelimit"
	"exporter/record"
	"exporter/sources"
)

// OpenOver is Driver().Open over a wire of the test's own.
func OpenOver(deps sources.Deps, c *Config, o *Options, wire http.RoundTripper) sources.Source {
	return newSource(deps, c, o, wire)
}

// Decoded is an answer with its rows as text; null and "no value" are missing.
type Decoded struct {
	Status, Page, Count, Pages int64
	Keys                       []string
	Rows                       []map[string]string
	Texts                      []string
}

// Decode decodes one answer with rows of a model.
func Decode(model string, fields []string, body io.Reader) (Decoded, error) {
	return decoded(fields, func(each func(*row) error) (answer, error) { return newDecoder(model, fields, each).decode(body) })
}

// DecodeByLibrary does the same with nothing but the library.
func DecodeByLibrary(model string, fields []string, body io.Reader) (Decoded, error) {
	return decoded(fields, func(each func(*row) error) (answer, error) { return newReference(model, fields, each).decode(body) })
}

func decoded(fields []string, decode func(each func(*row) error) (answer, error)) (Decoded, error) {
	var out Decoded
	got, err := decode(func(r *row) error {
		values := map[string]string{}
		for slot, name := range fields {
			if v := r.text(slot); v != nil {
				values[name] = string(v)
			}
		}
		out.Keys = append(out.Keys, string(r.key))
		out.Rows = append(out.Rows, values)
		return nil
	})
	out.Status, out.Page, out.Count, out.Pages, out.Texts = got.status, got.page, got.count, got.pages, unique(got.texts)
	return out, err
}

// Batcher decodes answers into batches of a table, as Read does.
type Batcher struct {
	r *reader
	d *decoder
}

// NewBatcher returns one for the conversions of a source.
func NewBatcher(s sources.Source, req sources.Request) (*Batcher, error) {
	r, err := s.(*source).newReader(context.Background(), req, nil)
	if err != nil {
		return nil, err
	}
	b := &Batcher{r: r}
	var p page
	b.d = newDecoder(model, r.names, func(row *row) error { return r.take(row, &p) })
	return b, nil
}

// Batch decodes one answer.
func (b *Batcher) Batch(body io.Reader) (record.Batch, record.Batch, error) {
	_, err := b.d.decode(body)
	rows, rejects := b.r.typer.build.Take()
	return rows, rejects, err
}

// Explain returns the failure of a text of the network layer.
func Explain(text string) error { return explain([]string{text}) }

// GatewayFault returns the failure of an answer of the gateway.
func GatewayFault(status int, body string) error { return gatewayFault(status, body) }

// LimitsIn returns the limits a text names.
func LimitsIn(text string) []ratelimit.Window { return limitsIn(text) }

// Window returns the wall times an interval is filtered by, and where a datetime
// belongs: 0 inside, 1 trimmed, 2 not to be expected.
func Window(i sources.Interval, zone string) (from, to string, place func(string) int) {
	c := Config{Timezone: zone}
	w := newWindow(i, c.Zone())
	return w.from, w.to, func(datetime string) int { return int(w.place([]byte(datetime))) }
}
