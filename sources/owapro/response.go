package owapro

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// peekBytes is how much of an answer is looked at before it is read: its format,
// and the dialect of CSV.
const peekBytes = 1 << 20

// response is the body of a report in one of the two formats.
type response struct {
	*bufio.Reader
	csv     bool
	charset string // as the server says, "" if it does not
	openEnd bool   // a CSV of this server does not end its last line
}

// askReport sends a request for a report and gives the answer to read.
func (s *source) askReport(ctx context.Context, req *httpapi.Request, read func(response) error) (csv bool, err error) {
	resp, err := s.client.Do(ctx, req)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := formatOf(resp.Header, resp.Body)
	if err != nil {
		return false, err
	}
	body.openEnd = s.openEnd()
	return body.csv, read(body)
}

// formatOf decides by the content type, and where that says little by the first
// byte, what an answer is.
func formatOf(header http.Header, rc io.Reader) (response, error) {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	r := response{Reader: bufio.NewReaderSize(rc, peekBytes), charset: strings.ToLower(params["charset"])}
	switch {
	case strings.Contains(media, "json"):
		return r, nil
	case strings.Contains(media, "csv"), strings.Contains(media, "tab-separated"), strings.Contains(media, "excel"):
		r.csv = true
		return r, nil
	case strings.Contains(media, "html"):
		return r, pageForPeople()
	}
	start, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return r, err
	}
	switch start = bytes.TrimLeft(start, "\ufeff \t\r\n"); {
	case len(start) > 0 && start[0] == '<':
		return r, pageForPeople()
	case len(start) > 0 && (start[0] == '{' || start[0] == '['):
	default:
		r.csv = true
	}
	return r, nil
}

func pageForPeople() error {
	return fault.New(fault.Transient, "a page for people came instead of a report").
		WithHint("Maintenance, a login page, or a proxy on the way. Open base_url of the source in a browser if it stays so.")
}
