package owapro

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const pathReport = "/api/report/dw_generate_report"

// blockBody is what one block is asked for.
type blockBody struct {
	Block
	Sort       []map[string]string `json:"sort"`
	PageLimit  int                 `json:"page_limit"`
	PageNumber int                 `json:"page_number"`
}

// overwrite is the body's data_sources_overwrite: one block, or shared filters and
// several blocks by id.
type overwrite struct {
	*blockBody
	Filters []Filter               `json:"filters"`
	Blocks  map[string][]blockBody `json:"data_blocks,omitempty"`
}

type reportBody struct {
	Currency  string    `json:"currency"`
	ConfigID  int64     `json:"configid"`
	Overwrite overwrite `json:"data_sources_overwrite"`
}

// question is one page of a report: of some of its blocks, one customer, some days.
type question struct {
	customer string
	from, to string // days, both included
	blocks   []asked
	multi    bool // the report has blocks, of which these are left
	page     int
	limit    int
}

// asked is a block by the id it has in requests and answers.
type asked struct {
	id string
	Block
}

// days returns the first and the last day of an interval in a zone.
func days(i sources.Interval, zone *time.Location) (from, to time.Time) {
	if zone == nil {
		zone = time.UTC
	}
	return i.Start.In(zone), i.End.In(zone).AddDate(0, 0, -1)
}

// reportRequest returns the request for a page. Days are absolute, so that it asks
// for the same whenever it is repeated; the order is total, so that pages do not overlap.
func (s *source) reportRequest(q question, csv bool) (*httpapi.Request, error) {
	o := s.report
	body := reportBody{Currency: o.currency(), ConfigID: o.ConfigID}
	body.Overwrite.Filters = append([]Filter{
		{Field: fieldDate, Operator: "between", Value: []string{q.from, q.to}},
		{Field: fieldCustomerID, Operator: "in", Value: []string{q.customer}},
	}, o.Filters...)
	for _, b := range q.blocks {
		one := blockBody{Block: b.Block, PageLimit: q.limit, PageNumber: q.page}
		for _, d := range b.Dimensions {
			one.Sort = append(one.Sort, map[string]string{d: "asc"})
		}
		if !q.multi {
			body.Overwrite.blockBody = &one
			continue
		}
		if body.Overwrite.Blocks == nil {
			body.Overwrite.Blocks = map[string][]blockBody{}
		}
		body.Overwrite.Blocks[b.id] = []blockBody{one}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fault.New(fault.Config, "write request: %w", err)
	}
	r := &httpapi.Request{
		Method: http.MethodPost, URL: pathReport,
		Header: http.Header{"Configid": {strconv.FormatInt(o.ConfigID, 10)}, "Content-Type": {"application/json"}, "Accept": {"application/json"}},
	}
	if csv {
		if text, err = s.askCSV(r, text); err != nil {
			return nil, err
		}
	}
	r.Body = func() io.Reader { return bytes.NewReader(text) }
	return r, nil
}

// askCSV says in the configured way that CSV is wanted.
func (s *source) askCSV(r *httpapi.Request, body []byte) ([]byte, error) {
	how := s.config.CSVRequest
	switch how.In {
	case inQuery:
		r.Header.Del("Accept")
		r.Query = url.Values{how.Name: {how.Value}}
	case inBody:
		r.Header.Del("Accept")
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(body, &members); err != nil {
			return nil, fault.New(fault.Config, "write request: %w", err)
		}
		value, err := json.Marshal(how.Value)
		if err != nil {
			return nil, fault.New(fault.Config, "write request: %w", err)
		}
		members[how.Name] = value
		if body, err = json.Marshal(members); err != nil {
			return nil, fault.New(fault.Config, "write request: %w", err)
		}
	default:
		r.Header.Set(how.Name, how.Value)
	}
	return body, nil
}
