package hubrise

import "fmt"

// Login connects as if a person had just consented to t, and returns the
// connection: an older one with another selection, if there is one for the same
// client, place and device.
func (s *Server) Login(t Token) (Token, error) {
	t, err := s.consent(t)
	if err != nil {
		return t, err
	}
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	s.grants.ready()
	return s.grants.connect(t), nil
}

// Code returns the code a person's consent to t would have led to.
func (s *Server) Code(t Token) (string, error) {
	t, err := s.consent(t)
	if err != nil {
		return "", err
	}
	return s.grants.newCode(t, s.state.Load().cfg.OAuth), nil
}

func (s *Server) consent(t Token) (Token, error) {
	st := s.state.Load()
	setDefault(&t.Client, st.cfg.OAuth.Clients[0].ID)
	if st.cfg.OAuth.client(t.Client) == nil {
		return t, fmt.Errorf("no client %q", t.Client)
	}
	t, _, err := st.world.complete(t)
	return t, err
}

// Connection returns what a token stands for and whether the vendor takes it; ok is false for one it never gave out.
func (s *Server) Connection(token string) (t Token, health Health, ok bool) {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	g := s.grants.tokens[token]
	if g == nil {
		return Token{}, "", false
	}
	return g.Token, g.health, true
}

// SetHealth makes the vendor refuse a token, or take it again.
func (s *Server) SetHealth(token string, health Health) error {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	g := s.grants.tokens[token]
	if _, known := messages[health]; g == nil || !known && health != Alive {
		return fmt.Errorf("no token %q, or no health %q", token, health)
	}
	g.health = health
	return nil
}
