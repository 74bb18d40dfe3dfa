package sandbox

import (
	"net/http"

	"exporter/sandbox/piwikpro"
)

// controlPiwikPRO adds the switches of Piwik PRO.
//
//	POST /_sandbox/piwikpro/restate         a piwikpro.Restatement: {"site": "5e1f...", "day": "2026-01-03"}
//	POST /_sandbox/piwikpro/cleanup         remove the old copies of restated sessions
//	POST /_sandbox/piwikpro/forget          end the life of cached answers
//	POST /_sandbox/piwikpro/revoke          make all tokens worthless
//	POST /_sandbox/piwikpro/expire          make all tokens expire
//	POST /_sandbox/piwikpro/delete?client=  make credentials worthless for ever
//	GET  /_sandbox/piwikpro/counters        {"reports": 12, "tokens": 1}
//	POST /_sandbox/piwikpro/rows            the truth of a piwikpro.Query, one JSON object per line
func (s *Sandbox) controlPiwikPRO(mux *http.ServeMux) {
	room := s.piwikPRO
	mux.HandleFunc("POST /_sandbox/piwikpro/restate", answering(func(r *http.Request) (any, error) {
		var what piwikpro.Restatement
		if err := decode(r, &what); err != nil {
			return nil, err
		}
		return struct{}{}, room.Restate(what)
	}))
	mux.HandleFunc("POST /_sandbox/piwikpro/cleanup", doing(room.CleanUp))
	mux.HandleFunc("POST /_sandbox/piwikpro/forget", doing(room.ForgetCache))
	mux.HandleFunc("POST /_sandbox/piwikpro/revoke", doing(room.RevokeTokens))
	mux.HandleFunc("POST /_sandbox/piwikpro/expire", doing(room.ExpireTokens))
	mux.HandleFunc("POST /_sandbox/piwikpro/delete", answering(func(r *http.Request) (any, error) {
		room.DeleteClient(r.URL.Query().Get("client"))
		return struct{}{}, nil
	}))
	mux.HandleFunc("GET /_sandbox/piwikpro/counters", answering(func(*http.Request) (any, error) {
		return map[string]int{"reports": room.Reports(), "tokens": room.Issued()}, nil
	}))
	mux.HandleFunc("POST /_sandbox/piwikpro/rows", lines(room.Rows))
}
