package piwikpro

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// define returns what is known of each column of the job, by its text. What the
// vendor has documented goes by that: it does not change between two runs, and tells
// ids of 64 bits from counts, which the engine's metadata do not. Others are looked
// up once, at the first site, and remembered.
func (s *source) define(ctx context.Context) (map[string]definition, error) {
	s.mu.Lock()
	known := s.learned
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	known = map[string]definition{}
	var open []column
	for _, c := range s.asked.columns {
		d, found, err := s.known(ctx, c)
		if err != nil {
			return nil, err
		}
		if !found {
			open = append(open, c)
		}
		known[c.text] = d
	}
	if len(open) > 0 {
		if err := s.lookUp(ctx, open, known); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.learned = known
	s.mu.Unlock()
	return known, nil
}

// known finds what documentation or memory have on a column.
func (s *source) known(ctx context.Context, c column) (d definition, found bool, err error) {
	switch d, found = documentedAs(c.id); {
	case found:
		return d.transformed(c), true, nil
	case c.id == idCalculatedMetric:
		return definition{Kind: asDecimal, Metric: true, Name: "Calculated metric"}, true, nil
	case c.id == idChannelGrouping:
		return definition{Kind: unknownKind, Name: "Custom channel grouping"}, true, nil
	case s.memory == nil:
		return d, false, nil
	}
	text, found, err := s.memory.Recall(ctx, s.memoryKey(c))
	if err != nil {
		return d, false, fault.New(fault.ClassOf(err), "recall what column %s is: %w", c.text, err)
	}
	return d, found && json.Unmarshal(text, &d) == nil, nil
}

func (s *source) memoryKey(c column) string { return s.config.Identity() + " column " + c.text }

// lookUp asks the engine for its own lists of columns, which are documented nowhere.
// Without an answer, and for what is not in it, a column is text as it comes; a
// metric then has to be named one in the table's own types.
func (s *source) lookUp(ctx context.Context, open []column, known map[string]definition) error {
	site, err := s.anySite(ctx)
	if err != nil {
		return err
	}
	listed := map[string]definition{}
	for _, l := range []struct {
		name   string
		metric bool
	}{{"dimensions", false}, {"metrics", true}} {
		err := s.engine(ctx, l.name, site, l.metric, listed)
		if class := fault.ClassOf(err); err != nil && (class == fault.Transient || class == fault.Throttled || class == fault.Parked || class == fault.Interrupted) {
			return fault.New(class, "look up %s of site %s: %w", l.name, site, err)
		} else if err != nil {
			s.log.DebugContext(ctx, "columns not looked up, unknown ones are text", "list", l.name, "err", err)
		}
	}
	for _, c := range open {
		d := listed[c.id].transformed(c)
		d.Metric = d.Metric || c.target != "" && !c.grouping() // dimensions have no goals
		known[c.text] = d
		if s.memory == nil {
			continue
		}
		text, err := json.Marshal(d)
		if err == nil {
			err = s.memory.Remember(ctx, s.memoryKey(c), text)
		}
		if err != nil {
			return fault.New(fault.ClassOf(err), "remember what column %s is: %w", c.text, err)
		}
	}
	return nil
}

// engine reads one list of the columns a site has.
func (s *source) engine(ctx context.Context, name, site string, metric bool, into map[string]definition) (err error) {
	resp, err := s.client.Do(ctx, &httpapi.Request{
		URL: "/analytics/api/engine/" + name + "/", Query: url.Values{"website_id": {site}}, Class: classGet, Want: mediaJSON,
		Header: http.Header{"Accept": {mediaJSON}},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return err
	}
	var list []struct {
		ColumnID string `json:"column_id"`
		Meta     struct {
			Name string `json:"column_name"`
			Type string `json:"column_type"`
		} `json:"column_meta"`
	}
	if err := json.Unmarshal(body.Bytes(), &list); err != nil {
		return fault.New(fault.Data, "the list of %s cannot be read: %w", name, err)
	}
	for _, item := range list {
		if _, double := into[item.ColumnID]; !double {
			into[item.ColumnID] = definition{Kind: engineKinds[item.Meta.Type], Metric: metric, Name: item.Meta.Name}
		}
	}
	return nil
}

// engineKinds are the types in the engine's words that leave no doubt. How large its
// numbers are it does not say.
var engineKinds = map[string]kind{
	"str": asText, "str_nocase": asText, "hex": asText, "ipv4": asText, "ipv6": asText,
	"int": asWide, "float": asDecimal, "bool": asBoolean, "date": asDate, "array": asArray,
	"[int, str]": asIntPair, "[str, str]": asTextPair,
}

// anySite returns a site of the job.
func (s *source) anySite(ctx context.Context) (string, error) {
	sites, err := s.Parts(ctx, s.stream)
	if err != nil {
		return "", err
	}
	if len(sites) == 0 {
		return "", fault.New(fault.Auth, "the login sees no site").WithHint("Give the user of the credentials access to a site in Piwik PRO.")
	}
	return sites[0], nil
}

// Streams implements sources.Source.
func (s *source) Streams(ctx context.Context) ([]sources.Stream, error) {
	stream := sources.Stream{Name: s.stream, Doc: docs[s.stream]}
	switch s.stream {
	case streamApps:
		stream.Tables = append(stream.Tables, appTable())
	case streamGoals:
		stream.Tables = append(stream.Tables, goalTable())
	default:
		known, err := s.define(ctx)
		if err != nil {
			return nil, s.failed(ctx, err)
		}
		stream.Tables = append(stream.Tables, s.table(known))
	}
	return []sources.Stream{stream}, nil
}
