package owapro

import (
	"fmt"
	"sync"
	"time"
)

// grants holds the codes and tokens that were given out. Ready to use with a seed.
type grants struct {
	seed uint64

	mu      sync.Mutex
	issued  uint64
	codes   map[string]*code
	refresh map[string]*refreshToken
	access  map[string]*accessToken
	newest  map[string]*refreshToken // by client
	dead    map[string]int           // renewals with a worthless token, by client
}

type code struct {
	client  string
	expires time.Time
	used    bool
}

type refreshToken struct {
	text    string
	client  string
	expires time.Time
	dies    time.Time // zero = not before it expires
	family  uint64    // of all tokens that come from one login
	number  uint64    // in the order of issue
	retires bool      // its first use ends the older ones of its family
}

type accessToken struct {
	client  string
	beside  *refreshToken // came in the same answer, or earned it
	expires time.Time
	revoked bool
	calls   int
}

func (t *refreshToken) valid(now time.Time) bool {
	return now.Before(t.expires) && (t.dies.IsZero() || now.Before(t.dies))
}

// text makes a token nobody can guess from another one.
func (g *grants) text(kind string) string {
	g.issued++
	return fmt.Sprintf("%s-%016x%016x", kind, mix(g.seed+1, g.issued), mix(g.seed+2, g.issued))
}

func (g *grants) ready() {
	if g.codes == nil {
		g.codes, g.refresh, g.access = map[string]*code{}, map[string]*refreshToken{}, map[string]*accessToken{}
		g.newest, g.dead = map[string]*refreshToken{}, map[string]int{}
	}
}

func (g *grants) newCode(client string, o OAuth) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	text := g.text("code")
	g.codes[text] = &code{client: client, expires: time.Now().Add(seconds(o.CodeSeconds))}
	return text
}

func (g *grants) newRefresh(client, text string, o OAuth) *refreshToken {
	g.issued++
	t := &refreshToken{text: text, client: client, expires: time.Now().Add(seconds(o.RefreshSeconds)), family: g.issued, number: g.issued}
	g.refresh[text], g.newest[client] = t, t
	return t
}

func (g *grants) newAccess(beside *refreshToken, o OAuth) string {
	client := beside.client
	if o.OneAccess {
		for _, t := range g.access {
			t.revoked = t.revoked || t.client == client
		}
	}
	text := g.text("access")
	g.access[text] = &accessToken{client: client, beside: beside, expires: time.Now().Add(seconds(o.AccessSeconds))}
	return text
}

// use ends the tokens before t, those in lost answers too: whoever uses t, or the
// access token beside it, has read its answer.
func (g *grants) use(t *refreshToken, now time.Time) {
	if !t.retires {
		return
	}
	t.retires = false
	for _, old := range g.refresh {
		if old.family == t.family && old.number < t.number && old.dies.IsZero() {
			old.dies = now
		}
	}
}

// preset makes a refresh token that was given out before the sandbox began, once.
func (g *grants) preset(client Client, o OAuth) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	if text := client.RefreshToken; text != "" && g.refresh[text] == nil {
		g.newRefresh(client.ID, text, o)
	}
}

// redeem trades a code for both tokens.
func (g *grants) redeem(client, text string, o OAuth) (refresh, access string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	c := g.codes[text]
	if c == nil || c.client != client || c.used {
		return "", "", grantError("INVALID CODE")
	}
	if !time.Now().Before(c.expires) {
		return "", "", grantError("EXPIRED CODE")
	}
	c.used = true
	t := g.newRefresh(client, g.text("refresh"), o)
	return t.text, g.newAccess(t, o), nil
}

// renew trades a refresh token for an access token and, as the rotation wants it, for its successor.
func (g *grants) renew(client, text string, o OAuth) (refresh, access string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready()
	now := time.Now()
	t := g.refresh[text]
	switch {
	case t == nil || t.client != client:
		g.dead[client]++
		return "", "", grantError("INVALID REFRESH TOKEN")
	case !t.valid(now):
		g.dead[client]++
		if now.Before(t.expires) {
			return "", "", grantError("INVALID REFRESH TOKEN")
		}
		return "", "", grantError("EXPIRED REFRESH TOKEN")
	}
	g.use(t, now)
	if o.Rotation != RotateNever && o.Rotation != "" {
		t = g.rotate(t, o)
		refresh = t.text
	}
	return refresh, g.newAccess(t, o), nil
}

func (g *grants) rotate(old *refreshToken, o OAuth) *refreshToken {
	next := g.newRefresh(old.client, g.text("refresh"), o)
	next.family = old.family
	switch o.Rotation {
	case RotateOnUse:
		next.retires = true
	case RotateGrace:
		if old.dies.IsZero() {
			old.dies = time.Now().Add(seconds(o.GraceSeconds))
		}
	default:
		old.dies = time.Now()
	}
	return next
}

// accept returns whose access token it is and takes one call from it.
func (g *grants) accept(text string, o OAuth) (client string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, now := g.access[text], time.Now()
	switch {
	case t == nil || t.revoked || o.RevokeAfter > 0 && t.calls >= o.RevokeAfter:
		return "", grantError("INVALID ACCESS TOKEN")
	case !now.Before(t.expires):
		return "", grantError("EXPIRED ACCESS TOKEN")
	}
	g.use(t.beside, now)
	t.calls++
	return t.client, nil
}

// grantError is the description of an invalid_grant.
type grantError string

func (e grantError) Error() string { return string(e) }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
