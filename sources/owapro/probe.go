package owapro

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// Streams implements sources.Source. The columns of a report are probed once per
// definition; everything else is fixed.
func (s *source) Streams(ctx context.Context) ([]sources.Stream, error) {
	all := directories()
	if s.report == nil || s.report.ConfigID == 0 {
		return append([]sources.Stream{s.reportStream(nil)}, all...), nil
	}
	d, err := s.define(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = stopped(ctx)
		}
		return nil, fmt.Errorf("look up columns of report %d: %w", s.report.ConfigID, err)
	}
	return append([]sources.Stream{s.reportStream(d)}, all...), nil
}

// definitionKey names the definition in the memory: format and paging are no part of it.
func (s *source) definitionKey() string {
	sum := sha256.Sum256([]byte(s.config.Identity() + "\x00" + s.report.Fingerprint()))
	return "owapro definition " + hex.EncodeToString(sum[:16])
}

// define returns what the report's columns are, from memory or the vendor.
func (s *source) define(ctx context.Context) (*definition, error) {
	s.probing.Lock()
	defer s.probing.Unlock()
	s.mu.Lock()
	known := s.learned.definition
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	d := new(definition)
	ok, err := s.remember.recall(ctx, s.definitionKey(), d)
	if err != nil {
		return nil, err
	}
	if !ok || len(d.Blocks) == 0 {
		if d, err = s.probeAny(ctx); err != nil {
			return nil, err
		}
		if err := s.remember.keep(ctx, s.definitionKey(), d); err != nil {
			return nil, err
		}
	}
	if !d.Probed {
		s.learnCSV()
	}
	s.mu.Lock()
	s.learned.definition = d
	s.mu.Unlock()
	return d, nil
}

// probeAny asks for the first customer that may be seen.
func (s *source) probeAny(ctx context.Context) (*definition, error) {
	ids, err := s.customers(ctx)
	if err != nil {
		return nil, err
	}
	err = fault.New(fault.Auth, "the login sees no customer").WithHint("Ask the OWAPro user who granted access, or log in as another.")
	for _, id := range ids {
		var d *definition
		if d, err = s.probe(ctx, id); err == nil {
			return d, nil
		}
		if status := statusOf(err); status != 403 && status != 410 {
			break
		}
	}
	return nil, err
}

// probe asks for the columns of the report type and for one row of the report as JSON.
func (s *source) probe(ctx context.Context, customer string) (*definition, error) {
	config, err := s.tree(ctx, &httpapi.Request{
		URL:   "/api/report/config/" + strconv.FormatInt(s.report.ConfigID, 10),
		Query: url.Values{fieldCustomerID: {customer}}, Want: "application/json",
	})
	if err != nil && statusOf(err) == 404 {
		return nil, fault.New(fault.Config, "there is no report type %d for customer %s: %w", s.report.ConfigID, customer, err).
			WithHint("Set configid of the job to an id the stream configs lists.")
	}
	if err != nil {
		return nil, fault.New(fault.ClassOf(err), "report type %d of customer %s: %w", s.report.ConfigID, customer, err)
	}
	d, err := s.probeReport(ctx, customer)
	if err != nil {
		return nil, fault.New(fault.ClassOf(err), "probe customer %s: %w", customer, err)
	}
	for name, b := range s.report.blocks() {
		d.Blocks[name].addTitles(b, config)
	}
	return d, nil
}

// probeReport reads one row of yesterday. A server that answers CSV whatever it is
// asked leaves only what the names and that row suggest.
func (s *source) probeReport(ctx context.Context, customer string) (*definition, error) {
	yesterday := s.now().In(s.zone()).AddDate(0, 0, -1).Format(time.DateOnly)
	blocks := s.report.blocks()
	q := question{customer: customer, from: yesterday, to: yesterday, page: 1, limit: 1, multi: len(s.report.Blocks) > 0}
	for i, name := range blockNames(blocks) {
		q.blocks = append(q.blocks, asked{id: strconv.Itoa(i + 1), Block: blocks[name]})
	}
	req, err := s.reportRequest(q, false)
	if err != nil {
		return nil, err
	}
	a := &answer{blocks: make([]blockAnswer, len(q.blocks))}
	csv, err := s.askReport(ctx, req, func(body response) error {
		if body.csv {
			return nil // whatever is in it
		}
		return a.decode(s, body, q, nil)
	})
	if err != nil {
		return nil, err
	}
	d := &definition{Probed: !csv, Blocks: map[string]blockDefinition{}}
	for i, name := range blockNames(blocks) {
		if csv {
			d.Blocks[name] = inferred(blocks[name])
			continue
		}
		d.Blocks[name] = a.blocks[i].metadata.define(blocks[name])
	}
	s.learnCurrency(customer, a.currency())
	return d, nil
}

// inferred is the definition of a block of a server without JSON.
func inferred(b Block) blockDefinition {
	d := newBlockDefinition()
	for _, m := range b.Metrics {
		d.Formats[m] = "float"
		if m == fieldDate || strings.HasSuffix(m, "_date") {
			d.Formats[m] = "date"
		}
	}
	return d
}

func (s *source) zone() *time.Location {
	if zone := s.config.Zone(); zone != nil {
		return zone
	}
	return time.UTC
}

// currencyOf returns what amounts are in where the job leaves that to the customer,
// for answers that do not say it. It is looked up once in a run and never kept for
// the next: a customer may change it.
func (s *source) currencyOf(ctx context.Context, customer string) (string, error) {
	if currency, known := s.knownCurrency(customer); known || s.csvOnly() {
		return currency, nil
	}
	if _, err := s.probeReport(ctx, customer); err != nil {
		return "", fault.New(fault.ClassOf(err), "look up currency: %w", err)
	}
	currency, _ := s.knownCurrency(customer)
	return currency, nil
}

// titling are the members of a report type's columns that may hold a name.
var titling = []string{
	"name", "api_name", "backend_name", "display_name", "display", "alt_text", "label", "title", "caption",
	"dimension", "metric", "column", "field", "text", "header",
}

// addTitles finds the other names of a block's columns in a report type, whose
// shape is not documented: names that stand in one object, or as member and value.
func (d blockDefinition) addTitles(b Block, tree any) {
	names := b.names()
	group := func(all []string) {
		for _, name := range names {
			if !slices.Contains(all, name) {
				continue
			}
			for _, other := range all {
				if !slices.Contains(names, strings.TrimSpace(other)) && !slices.Contains(d.Titles[name], strings.TrimSpace(other)) {
					d.addTitle(name, other)
				}
			}
		}
	}
	var walk func(v any, key string)
	walk = func(v any, key string) {
		switch v := v.(type) {
		case map[string]any:
			var all []string
			if slices.Contains(names, key) {
				all = append(all, key)
			}
			for _, member := range titling {
				if text, ok := v[member].(string); ok {
					all = append(all, text)
				}
			}
			group(all)
			for k, child := range v {
				if text, ok := child.(string); ok && slices.Contains(names, k) {
					group([]string{k, text})
				}
				walk(child, k)
			}
		case []any:
			for _, child := range v {
				walk(child, "")
			}
		}
	}
	walk(tree, "")
}
