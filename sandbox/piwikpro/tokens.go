package piwikpro

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"
)

// grants holds the tokens that were given out. Ready to use.
type grants struct {
	mu      sync.Mutex
	issued  int
	tokens  map[string]*token
	revoked map[string]bool // clients that were deleted
}

type token struct {
	client  string
	expires time.Time
	revoked bool
	calls   int
}

// signer signs all tokens of a process: nobody checks them, and a key takes long to make.
var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // only for sizes that are refused
	}
	return key
})

// issue makes a token in the form of a JWT (sheet: §1).
func (g *grants) issue(client string, a Auth) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tokens == nil {
		g.tokens = map[string]*token{}
	}
	g.issued++
	now := time.Now()
	expires := now.Add(time.Duration(a.ExpiresIn) * time.Second)
	text := signed(map[string]any{
		"iss": "oauth", "aud": client, "iat": now.Unix(), "exp": expires.Unix(), "jti": g.issued,
		"sub": "7f2b9c44-1d5e-4f0a-9a53-0c1d2e3f4a5b", "org": "default", "eml": "analyst@example.com",
	})
	for _, t := range g.tokens {
		t.revoked = t.revoked || a.OneToken && t.client == client
	}
	g.tokens[text] = &token{client: client, expires: expires}
	return text
}

func signed(claims map[string]any) string {
	part := func(v any) string {
		doc, err := json.Marshal(v)
		if err != nil {
			panic(err) // numbers and strings always can be written
		}
		return base64.RawURLEncoding.EncodeToString(doc)
	}
	text := part(map[string]string{"typ": "JWT", "alg": "RS256"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, signer(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // only for keys that are too short
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Why a token is not taken; the texts are those of the vendor's questions and answers.
const (
	noToken      = "JWT not found"
	expiredToken = "Expired JWT Token"
	badToken     = "access token not authorized"
)

// accept returns whose token it is and takes one call from it.
func (g *grants) accept(text string, a Auth) (client, refused string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tokens[text]
	switch {
	case t == nil || t.revoked || a.RevokeAfter > 0 && t.calls >= a.RevokeAfter:
		return "", badToken
	case !time.Now().Before(t.expires):
		return "", expiredToken
	}
	t.calls++
	return t.client, ""
}

// RevokeTokens makes every token given out so far worthless before its time.
func (s *Server) RevokeTokens() {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, t := range s.grants.tokens {
		t.revoked = true
	}
}

// ExpireTokens makes every token given out so far expire now.
func (s *Server) ExpireTokens() {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, t := range s.grants.tokens {
		t.expires = time.Now()
	}
}

// DeleteClient makes credentials worthless for ever, and their tokens with them, as a person does in the profile.
func (s *Server) DeleteClient(id string) {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	if s.grants.revoked == nil {
		s.grants.revoked = map[string]bool{}
	}
	s.grants.revoked[id] = true
	for _, t := range s.grants.tokens {
		t.revoked = t.revoked || t.client == id
	}
}

// Issued returns how many tokens were given out.
func (s *Server) Issued() int {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	return s.grants.issued
}

// Login returns a token as a client gets it.
func (s *Server) Login(client string) string { return s.grants.issue(client, s.state.Load().cfg.Auth) }

func (s *Server) knows(id, secret string) bool {
	s.grants.mu.Lock()
	defer s.grants.mu.Unlock()
	for _, c := range s.state.Load().cfg.Auth.Clients {
		if c.ID == id && c.Secret == secret {
			return !s.grants.revoked[id]
		}
	}
	return false
}
