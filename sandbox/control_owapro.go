package sandbox

import (
	"net/http"

	"exporter/sandbox/owapro"
)

// controlOWAPro adds the switches of OWAPro.
//
//	POST /_sandbox/owapro/restate          an owapro.Restatement: {"customer": 4711, "day": "2026-01-03"}
//	GET  /_sandbox/owapro/tokens?client=   refresh tokens: {"valid": 1, "newest": "...", "alive": true, "dead": 0}
//	POST /_sandbox/owapro/login?client=    tokens as if a person had consented: {"refresh_token": "...", "access_token": "..."}
//	POST /_sandbox/owapro/revoke           make all access tokens worthless
//	POST /_sandbox/owapro/expire           make all access tokens expire
//	POST /_sandbox/owapro/expire_refresh   make all refresh tokens expire
//	GET  /_sandbox/owapro/counters         {"reports": 12, "relative_dates": 0}
//	POST /_sandbox/owapro/rows             the truth of an owapro.Query, one JSON object per line
func (s *Sandbox) controlOWAPro(mux *http.ServeMux) {
	room := s.owaPro
	mux.HandleFunc("POST /_sandbox/owapro/restate", answering(func(r *http.Request) (any, error) {
		var what owapro.Restatement
		if err := decode(r, &what); err != nil {
			return nil, err
		}
		return struct{}{}, room.Restate(what)
	}))
	mux.HandleFunc("GET /_sandbox/owapro/tokens", answering(func(r *http.Request) (any, error) {
		return room.RefreshTokens(r.URL.Query().Get("client")), nil
	}))
	mux.HandleFunc("POST /_sandbox/owapro/login", answering(func(r *http.Request) (any, error) {
		refresh, access, err := room.Login(r.URL.Query().Get("client"))
		return map[string]string{"refresh_token": refresh, "access_token": access}, err
	}))
	mux.HandleFunc("POST /_sandbox/owapro/revoke", doing(room.RevokeAccess))
	mux.HandleFunc("POST /_sandbox/owapro/expire", doing(room.ExpireAccess))
	mux.HandleFunc("POST /_sandbox/owapro/expire_refresh", doing(room.ExpireRefresh))
	mux.HandleFunc("GET /_sandbox/owapro/counters", answering(func(*http.Request) (any, error) {
		return map[string]int{"reports": room.Reports(), "relative_dates": room.RelativeDates()}, nil
	}))
	mux.HandleFunc("POST /_sandbox/owapro/rows", lines(room.Rows))
}
