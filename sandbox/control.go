package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// control adds the counters and switches, for tests that run in other processes.
// Answers are JSON; a mistake is 400 with {"error": "..."}.
//
//	GET    /_sandbox/counters?window=10s   figures, with the maximum in each window asked for
//	DELETE /_sandbox/counters              start counting again
//	GET    /_sandbox/faults                rules in force and how often they fired
//	POST   /_sandbox/faults                add a rule or a list of rules
//	DELETE /_sandbox/faults                remove all rules
//	POST   /_sandbox/release               let stalled answers go on
//	GET    /_sandbox/config                configuration in force
//	POST   /_sandbox/config                merge into it: {"hasoffers": {"answers": {"no_id": true}}}, {"owapro": {...}}
//	POST   /_sandbox/drift                 a hasoffers.Drift; answers {"ids": [...]}
//	POST   /_sandbox/restate               the same, of kind restate
//	POST   /_sandbox/revoke                make all access tokens worthless
//	GET    /_sandbox/rows?network=&from=&to=   the truth, one JSON object per line
func (s *Sandbox) control(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/counters", answering(func(r *http.Request) (any, error) {
		windows, err := durations(r.URL.Query()["window"])
		return s.meter.Snapshot(windows...), err
	}))
	mux.HandleFunc("DELETE /_sandbox/counters", doing(s.meter.Reset))
	mux.HandleFunc("GET /_sandbox/faults", answering(func(*http.Request) (any, error) { return s.faults.States(), nil }))
	mux.HandleFunc("POST /_sandbox/faults", answering(s.addFaults))
	mux.HandleFunc("DELETE /_sandbox/faults", doing(s.faults.Clear))
	mux.HandleFunc("POST /_sandbox/release", doing(s.faults.Release))
	mux.HandleFunc("GET /_sandbox/config", answering(func(*http.Request) (any, error) {
		return map[string]any{"hasoffers": s.hasOffers.Config(), "owapro": s.owaPro.Config(), "hubrise": s.hubRise.Config(), "piwikpro": s.piwikPRO.Config()}, nil
	}))
	mux.HandleFunc("POST /_sandbox/config", answering(s.configure))
	mux.HandleFunc("POST /_sandbox/drift", answering(func(r *http.Request) (any, error) { return s.drift(r, "") }))
	mux.HandleFunc("POST /_sandbox/restate", answering(func(r *http.Request) (any, error) { return s.drift(r, hasoffers.Restate) }))
	mux.HandleFunc("POST /_sandbox/revoke", doing(s.hasOffers.RevokeTokens))
	mux.HandleFunc("GET /_sandbox/rows", objects(s.hasOffersRows))
}

const maxControlBody = 1 << 20

// answering makes a handler of a function that returns what is to be answered as JSON.
func answering(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
		answer, err := do(r)
		status := http.StatusOK
		if err != nil {
			status, answer = http.StatusBadRequest, map[string]string{"error": err.Error()}
		}
		doc, err := json.Marshal(answer)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(append(doc, '\n')) // the caller may be gone
	}
}

func doing(do func()) http.HandlerFunc {
	return answering(func(*http.Request) (any, error) {
		do()
		return struct{}{}, nil
	})
}

func durations(texts []string) ([]time.Duration, error) {
	var out []time.Duration
	for _, text := range texts {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("window %q: want a positive duration", text)
		}
		out = append(out, d)
	}
	return out, nil
}

// decode reads a JSON body, strictly.
func decode(r *http.Request, into any) error {
	if err := strict.UnmarshalRead(r.Body, into, strict.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

// addFaults takes one rule or a list.
func (s *Sandbox) addFaults(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] != '[' {
		body = append(append([]byte{'['}, body...), ']')
	}
	var rules []faults.Rule
	if err := strict.Unmarshal(body, &rules, strict.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	err = s.faults.Add(rules...)
	return s.faults.States(), err
}

func (s *Sandbox) configure(r *http.Request) (any, error) {
	var rooms struct {
		HasOffers jsontext.Value `json:"hasoffers"`
		OWAPro    jsontext.Value `json:"owapro"`
		HubRise   jsontext.Value `json:"hubrise"`
		PiwikPRO  jsontext.Value `json:"piwikpro"`
	}
	if err := decode(r, &rooms); err != nil {
		return nil, err
	}
	if rooms.HasOffers == nil && rooms.OWAPro == nil && rooms.HubRise == nil && rooms.PiwikPRO == nil {
		return nil, errors.New(`nothing to change: want {"hasoffers": {...}} or {"owapro": {...}} or {"hubrise": {...}} or {"piwikpro": {...}}`)
	}
	var errs []error
	if rooms.HasOffers != nil {
		errs = append(errs, s.hasOffers.Update(rooms.HasOffers))
	}
	if rooms.OWAPro != nil {
		errs = append(errs, s.owaPro.Update(rooms.OWAPro))
	}
	if rooms.HubRise != nil {
		errs = append(errs, s.hubRise.Update(rooms.HubRise))
	}
	if rooms.PiwikPRO != nil {
		errs = append(errs, s.piwikPRO.Update(rooms.PiwikPRO))
	}
	return struct{}{}, errors.Join(errs...)
}

func (s *Sandbox) drift(r *http.Request, kind hasoffers.DriftKind) (any, error) {
	d := hasoffers.Drift{Kind: kind}
	if err := decode(r, &d); err != nil {
		return nil, err
	}
	if kind != "" {
		d.Kind = kind
	}
	ids, err := s.hasOffers.Drift(d)
	return map[string][]int64{"ids": append([]int64{}, ids...)}, err
}

func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("read bound: %w", err)
	}
	return t, nil
}
