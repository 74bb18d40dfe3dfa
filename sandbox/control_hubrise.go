package sandbox

import (
	"net/http"

	"exporter/sandbox/hubrise"
)

// controlHubRise adds the switches of HubRise.
//
//	POST /_sandbox/hubrise/mutate              a hubrise.Mutation: {"kind": "status", "location": "3r4s3-1", "day": "2026-01-03", "orders": 2}
//	POST /_sandbox/hubrise/login               a hubrise.Token, as if a person had consented to it; answers it with its token
//	POST /_sandbox/hubrise/code                the same; answers the code that leads to it
//	GET  /_sandbox/hubrise/connection?token=   what a token stands for and whether it is taken
//	POST /_sandbox/hubrise/health?token=&health=   alive, revoked, blocked or unpaid
//	POST /_sandbox/hubrise/rows?table=         the truth of a hubrise.Query, one JSON object per line
func (s *Sandbox) controlHubRise(mux *http.ServeMux) {
	room := s.hubRise
	mux.HandleFunc("POST /_sandbox/hubrise/mutate", answering(func(r *http.Request) (any, error) {
		var m hubrise.Mutation
		if err := decode(r, &m); err != nil {
			return nil, err
		}
		ids, err := room.Mutate(m)
		return map[string][]string{"ids": append([]string{}, ids...)}, err
	}))
	mux.HandleFunc("POST /_sandbox/hubrise/login", answering(func(r *http.Request) (any, error) {
		var t hubrise.Token
		if err := decode(r, &t); err != nil {
			return nil, err
		}
		return room.Login(t)
	}))
	mux.HandleFunc("POST /_sandbox/hubrise/code", answering(func(r *http.Request) (any, error) {
		var t hubrise.Token
		if err := decode(r, &t); err != nil {
			return nil, err
		}
		code, err := room.Code(t)
		return map[string]string{"code": code}, err
	}))
	mux.HandleFunc("GET /_sandbox/hubrise/connection", answering(func(r *http.Request) (any, error) {
		t, health, ok := room.Connection(r.URL.Query().Get("token"))
		return map[string]any{"known": ok, "health": health, "connection": t}, nil
	}))
	mux.HandleFunc("POST /_sandbox/hubrise/health", answering(func(r *http.Request) (any, error) {
		q := r.URL.Query()
		return struct{}{}, room.SetHealth(q.Get("token"), hubrise.Health(q.Get("health")))
	}))
	mux.HandleFunc("POST /_sandbox/hubrise/rows", objects(s.hubRiseRows))
}
