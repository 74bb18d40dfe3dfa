package owapro

import (
	"fmt"
	"time"
)

// RefreshState says whether a client could still renew its login.
type RefreshState struct {
	Valid  int    `json:"valid"`  // refresh tokens that would be taken now
	Newest string `json:"newest"` // the one given out last, valid or not
	Alive  bool   `json:"alive"`  // the newest would be taken now
	Dead   int    `json:"dead"`   // renewals that were tried with a worthless token
}

// RefreshTokens returns the state of a client's refresh tokens: a client that keeps the newest and finds it alive is not locked out.
func (s *Server) RefreshTokens(client string) RefreshState {
	g := &s.grants
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	state := RefreshState{Dead: g.dead[client]}
	for _, t := range g.refresh {
		if t.client == client && t.valid(now) {
			state.Valid++
		}
	}
	if t := g.newest[client]; t != nil {
		state.Newest, state.Alive = t.text, t.valid(now)
	}
	return state
}

// Accepts reports whether a refresh token would be taken now.
func (s *Server) Accepts(refresh string) bool {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	t := s.grants.refresh[refresh]
	return t != nil && t.valid(time.Now())
}

// Code returns the code a person's consent would have led to.
func (s *Server) Code(client string) (string, error) {
	o := s.state.Load().cfg.OAuth
	if o.client(client) == nil {
		return "", fmt.Errorf("no client %q", client)
	}
	return s.grants.newCode(client, o), nil
}

// Login returns tokens as if a person had just consented.
func (s *Server) Login(client string) (refresh, access string, err error) {
	code, err := s.Code(client)
	if err != nil {
		return "", "", err
	}
	return s.grants.redeem(client, code, s.state.Load().cfg.OAuth)
}

// RevokeAccess makes every access token given out so far worthless before its time.
func (s *Server) RevokeAccess() {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, t := range s.grants.access {
		t.revoked = true
	}
}

// ExpireAccess makes every access token given out so far expire now.
func (s *Server) ExpireAccess() {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, t := range s.grants.access {
		t.expires = time.Now()
	}
}

// ExpireRefresh makes every refresh token given out so far expire now: only a person can go on.
func (s *Server) ExpireRefresh() {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, t := range s.grants.refresh {
		t.expires = time.Now()
	}
}

func (o OAuth) client(id string) *Client {
	for i := range o.Clients {
		if o.Clients[i].ID == id {
			return &o.Clients[i]
		}
	}
	return nil
}
