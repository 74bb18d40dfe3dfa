package hubrise

import (
	"cmp"
	"fmt"
	"sync"
	"time"
)

// grants holds the codes and tokens that were given out. Ready to use with a seed.
type grants struct {
	seed uint64

	mu     sync.Mutex
	issued uint64
	codes  map[string]*code
	tokens map[string]*grant
}

type code struct {
	Token
	expires time.Time
	used    bool
}

// grant is a connection that was made.
type grant struct {
	Token
	scope  scope
	health Health
}

// Health says whether the vendor takes a token.
type Health string

// The states of a connection; all but the first answer 401 with a message of their own.
const (
	Alive   Health = "alive"
	Revoked Health = "revoked"
	Blocked Health = "blocked"
	Unpaid  Health = "unpaid"
)

// messages are what is said to a connection that is not alive. One is published; the others are made up.
var messages = map[Health]string{
	Revoked: "The connection has been revoked",
	Blocked: "The connection has been blocked",
	Unpaid:  "The connection is suspended: the subscription is not paid",
}

func (g *grants) ready() {
	if g.codes == nil {
		g.codes, g.tokens = map[string]*code{}, map[string]*grant{}
	}
}

// hex makes a text of n digits nobody can guess from another one.
func (g *grants) hex(n int) string {
	g.issued++
	return fmt.Sprintf("%016x%016x", mix(g.seed+1, g.issued), mix(g.seed+2, g.issued))[:n]
}

// complete fills in what a person would pick on the consent page, and checks it.
func (w *world) complete(t Token) (Token, scope, error) {
	if t.Scope == "" {
		t.Scope = allOfLocation
		if t.Location == "" {
			t.Scope = allOfAccount
		}
	}
	s, err := parseScope(t.Scope)
	if err != nil {
		return t, s, err
	}
	a := w.accounts[0]
	if l := w.location(t.Location); l != nil {
		a = l.account
	} else if t.Location != "" {
		return t, s, fmt.Errorf("no location %q", t.Location)
	}
	if t.Account != "" {
		if found := w.account(t.Account); found == nil || t.Location != "" && found != a {
			return t, s, fmt.Errorf("no account %q, or location %q is not in it", t.Account, t.Location)
		} else {
			a = found
		}
	}
	t.Account = a.ID
	if s.account {
		t.Location = ""
	} else if t.Location == "" {
		if len(a.locations) == 0 {
			return t, s, fmt.Errorf("account %q has no location", a.ID)
		}
		t.Location = a.locations[0].ID
	}
	return t, s, w.selectOne(a, s, &t)
}

// selectOne picks the catalog and the list of a scope that is about one of them.
func (w *world) selectOne(a *account, s scope, t *Token) error {
	if s.can("catalog") {
		if t.Catalog == "" {
			if c := find(a.catalogs, func(c *catalog) bool { return visible(c.Location, t.Location) }); c != nil {
				t.Catalog = c.ID
			}
		} else if c := w.catalog(t.Catalog); c == nil || c.account != a {
			return fmt.Errorf("no catalog %q", t.Catalog)
		}
	} else {
		t.Catalog = ""
	}
	if !s.can("customer_list") {
		t.CustomerList = ""
		return nil
	}
	if t.CustomerList == "" {
		if l := find(a.lists, func(l *list) bool { return visible(l.Location, t.Location) }); l != nil {
			t.CustomerList = l.ID
		}
	} else if l := w.list(t.CustomerList); l == nil || l.account != a {
		return fmt.Errorf("no list %q", t.CustomerList)
	}
	return nil
}

// visible reports whether what belongs to owner ("" = the account) is seen at a location ("" = the account).
func visible(owner, at string) bool { return owner == "" || owner == at }

// preset makes a token that was given out before the sandbox began, once.
func (g *grants) preset(w *world, t Token) error {
	t, s, err := w.complete(t)
	if err != nil {
		return fmt.Errorf("token %q: %w", t.Token, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	if t.Token == "" {
		t.Token = g.hex(26)
	}
	if old := g.tokens[t.Token]; old == nil {
		g.tokens[t.Token] = &grant{Token: t, scope: s, health: Alive}
	}
	return nil
}

// accept returns the connection of a token.
func (g *grants) accept(token string) (grant, string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tokens[token]
	switch {
	case t == nil:
		return grant{}, "Invalid access token"
	case t.health != Alive:
		return *t, cmp.Or(messages[t.health], string(t.health))
	}
	return *t, ""
}

func (g *grants) newCode(t Token, o OAuth) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	text := g.hex(32)
	g.codes[text] = &code{Token: t, expires: time.Now().Add(time.Duration(o.CodeSeconds) * time.Second)}
	return text
}

// redeem trades a code for its connection: the same token as before for the same
// client, place and device, with what was selected this time.
func (g *grants) redeem(client, text string) (Token, string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	c := g.codes[text]
	switch {
	case c == nil || c.Client != client:
		return Token{}, "Invalid code"
	case c.used:
		return Token{}, "The code has already been used"
	case !time.Now().Before(c.expires):
		return Token{}, "The code has expired"
	}
	c.used = true
	return g.connect(c.Token), ""
}

// connect makes a connection or changes the one there is. The caller holds the lock.
func (g *grants) connect(t Token) Token {
	s, err := parseScope(t.Scope)
	if err != nil {
		panic(err) // it was understood before
	}
	for _, old := range g.tokens {
		if old.Client == t.Client && old.Account == t.Account && old.Location == t.Location && old.DeviceID == t.DeviceID && old.health != Revoked {
			t.Token = old.Token.Token
			old.Token, old.scope = t, s
			return t
		}
	}
	t.Token = g.hex(26)
	g.tokens[t.Token] = &grant{Token: t, scope: s, health: Alive}
	return t
}

// revoke ends a token if it is the client's, and returns whose it is; "" if nobody's.
func (g *grants) revoke(client, token string) (owner string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tokens[token]
	if t == nil || t.health == Revoked {
		return ""
	}
	if t.Client == client {
		t.health = Revoked
	}
	return t.Client
}
