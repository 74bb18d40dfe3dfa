package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/settings"
)

// Token is what a vendor handed out for a credential.
type Token struct {
	Access         settings.Secret
	Refresh        settings.Secret   // "" = cannot be refreshed
	Expires        time.Time         // of Access; zero = never
	RefreshExpires time.Time         // of Refresh, which only a person replaces; zero = never, or not known
	Extra          map[string]string // what else came with it
}

// Same reports whether t and u are one token, whatever else is known of them.
func (t Token) Same(u Token) bool { return t.Access == u.Access && t.Refresh == u.Refresh }

// TokenStore keeps tokens over restarts, encrypted. When a method that stores
// returns without an error the token is durable and the one before may be given up.
type TokenStore interface {
	LoadToken(ctx context.Context, key string) (Token, bool, error)
	// SaveToken stores a token of a new login, whatever there is.
	SaveToken(ctx context.Context, key string, t Token) error
	// ReplaceToken stores what old was renewed to, the zero Token standing for none,
	// and reports whether it did: it leaves what somebody else has stored since.
	ReplaceToken(ctx context.Context, key string, old, t Token) (bool, error)
}

const (
	earlyMost   = time.Minute // a token is renewed so long before it expires, or a tenth of its life
	earlyRetry  = 10 * time.Second
	saveTimeout = 30 * time.Second

	// A refused login is not tried again for a while: dozens of slices that each
	// try it would lock the account.
	refusedFor = time.Minute
)

// TokenAuth is an [Authenticator] with a token that is fetched, kept and renewed.
// However many requests want one at a time, one of them fetches.
type TokenAuth struct {
	// ExpiredWhen replaces the rule that an answer of 401 means an expired token.
	// Set it before the first request.
	ExpiredWhen func(status int, header http.Header, body []byte) bool
	// Anew says that fetch needs nothing of the token before: one that is stored and
	// cannot be read, since its key is lost, is fetched anew. Set it before the first request.
	Anew bool

	key   string
	store TokenStore
	fetch func(context.Context, *Client) (Token, error)
	apply func(*http.Request, Token)
	turn  chan struct{} // holds a token while nobody loads, fetches or saves

	mu       sync.Mutex
	token    Token
	stored   Token // as the store was seen last; zero = it had none
	gen      int   // counts the tokens seen; 0 = none yet
	renewAt  time.Time
	unsaved  bool
	lost     bool      // what is stored cannot be read and is replaced
	finished int       // renewals that ended
	failed   error     // how the last of them ended
	refused  time.Time // when the vendor refused it; zero = it did not
	refusal  error     // what it said
}

var _ Authenticator = (*TokenAuth)(nil)

// NewTokenAuth returns an authenticator whose tokens come from fetch, go onto
// requests with apply and are kept in store (nil keeps none) under key, the name
// of the credential. A fetch that uses up the token before it sends its
// request with Once and finds that token with Token.
func NewTokenAuth(key string, store TokenStore, fetch func(context.Context, *Client) (Token, error), apply func(*http.Request, Token)) *TokenAuth {
	a := &TokenAuth{key: key, store: store, fetch: fetch, apply: apply, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a
}

// Token returns the token in use, the zero Token if there is none.
func (a *TokenAuth) Token() Token {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token
}

// Apply implements [Authenticator].
func (a *TokenAuth) Apply(ctx context.Context, bare *Client, req *http.Request) (string, error) {
	fresh := func() bool { return a.gen > 0 && (a.renewAt.IsZero() || time.Now().Before(a.renewAt)) }
	if err := a.ensure(ctx, bare, fresh); err != nil && !a.lasts(ctx, bare, err) {
		return "", err
	}
	a.mu.Lock()
	token, gen := a.token, a.gen
	a.mu.Unlock()
	bare.AddSecret(token.Access.Reveal())
	bare.AddSecret(token.Refresh.Reveal())
	a.apply(req, token)
	return strconv.Itoa(gen), nil
}

// Expired implements [Authenticator].
func (a *TokenAuth) Expired(status int, header http.Header, body []byte) bool {
	if a.ExpiredWhen != nil {
		return a.ExpiredWhen(status, header, body)
	}
	return status == http.StatusUnauthorized
}

// Renew implements [Authenticator].
func (a *TokenAuth) Renew(ctx context.Context, bare *Client, mark string) error {
	return a.ensure(ctx, bare, func() bool { return a.gen > 0 && strconv.Itoa(a.gen) != mark })
}

// lasts reports whether the token at hand can do although renewing it early
// failed, and if so puts off the next try.
func (a *TokenAuth) lasts(ctx context.Context, bare *Client, err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if ctx.Err() != nil || a.gen == 0 || a.unsaved || !now.Before(a.token.Expires) {
		return false
	}
	a.renewAt = now.Add(earlyRetry)
	bare.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "token not renewed, requests fail once it expires",
		slog.String("credential", a.key), slog.Time("expires", a.token.Expires), slog.Any("err", err))
	return true
}

// ensure makes good true: from the store, where another process may have put a
// newer token, else by fetching. Those who waited while somebody else failed
// share the failure. good is called with mu held.
func (a *TokenAuth) ensure(ctx context.Context, bare *Client, good func() bool) error {
	done := func() bool { return good() && !a.unsaved }
	a.mu.Lock()
	ok, seen := done(), a.finished
	a.mu.Unlock()
	if ok {
		return nil
	}
	if err := a.takeTurn(ctx); err != nil {
		return err
	}
	defer a.endTurn()
	a.mu.Lock()
	ok = done()
	shared := a.failed
	if a.finished == seen || fault.ClassOf(shared) == fault.Interrupted {
		shared = nil
	}
	a.mu.Unlock()
	if ok || shared != nil {
		return shared
	}
	err := a.renew(ctx, bare, good)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.finished++
	a.failed = err
	return err
}

// takeTurn waits without a place among the slices at work: whoever has the turn may
// have given its place up until there is quota for the token call.
func (a *TokenAuth) takeTurn(ctx context.Context) error {
	select {
	case <-a.turn:
		return nil
	default:
	}
	taken := false
	err := ratelimit.Away(ctx, func() error {
		select {
		case <-a.turn:
			taken = true
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err == nil {
		return nil
	}
	if taken {
		a.endTurn()
	}
	return fault.New(fault.ClassOf(ctx.Err()), "wait for the token of %s: %w", a.key, err)
}

func (a *TokenAuth) endTurn() { a.turn <- struct{}{} }

func (a *TokenAuth) renew(ctx context.Context, bare *Client, good func() bool) error {
	a.mu.Lock()
	before := a.gen
	a.mu.Unlock()
	if a.pending() { // a new token that could not be stored must not get lost
		if err := a.save(ctx); err != nil {
			return err
		}
	} else if err := a.load(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	ok := good()
	refused := a.gen == before && time.Since(a.refused) < refusedFor // and nobody has logged in since
	refusal := a.refusal
	a.mu.Unlock()
	switch {
	case ok:
		return nil
	case refused:
		return fault.New(fault.Auth, "%w", refusal).
			WithHint("%s", strings.TrimSpace(fault.HintOf(refusal)+" The vendor said so less than a minute ago; it is asked again after one."))
	}
	token, err := a.fetch(ctx, bare)
	if err != nil {
		err = fault.New(fault.ClassOf(err), "get a token for %s: %w", a.key, err)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.refused = (time.Time{}); fault.ClassOf(err) == fault.Auth {
			a.refused, a.refusal = time.Now(), err
		}
		return err
	}
	if token.Access == "" {
		return fault.New(fault.Auth, "get a token for %s: the answer has none", a.key).
			WithHint("The vendor accepted the login without handing out a token. Check the source's credentials.")
	}
	a.adopt(token, a.store != nil)
	return a.save(ctx)
}

func (a *TokenAuth) pending() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unsaved
}

func (a *TokenAuth) load(ctx context.Context) error {
	if a.store == nil {
		return nil
	}
	token, ok, err := a.store.LoadToken(ctx, a.key)
	lost := a.Anew && fault.ClassOf(err) == fault.Auth
	a.mu.Lock()
	a.lost = lost
	a.mu.Unlock()
	if lost {
		return nil
	}
	if err != nil {
		return fault.New(classOr(err, fault.Transient), "load the token of %s: %w", a.key, err)
	}
	a.mu.Lock()
	a.stored = token
	a.mu.Unlock()
	if ok && !token.Same(a.Token()) {
		a.adopt(token, false)
	}
	return nil
}

// save stores the token even if the request that wanted it has been cancelled. What
// somebody else has stored meanwhile is taken instead: it is of a newer login, or
// of a process that took over from this one while it was paused and has used what
// was stored, so that the vendor may have given up the token at hand.
func (a *TokenAuth) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	for a.pending() {
		a.mu.Lock()
		stored, token, lost := a.stored, a.token, a.lost
		a.mu.Unlock()
		ours, err := true, error(nil)
		if lost {
			err = a.store.SaveToken(ctx, a.key, token)
		} else {
			ours, err = a.store.ReplaceToken(ctx, a.key, stored, token)
		}
		if err != nil {
			return fault.New(classOr(err, fault.Transient), "store the token of %s: %w", a.key, err).
				WithHint("The new token is kept in memory and stored before it is used. Do not stop the program before the state can be written again.")
		}
		if ours {
			a.mu.Lock()
			a.stored, a.unsaved, a.lost = token, false, false
			a.mu.Unlock()
		} else if err := a.load(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *TokenAuth) adopt(t Token, unsaved bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.unsaved, a.renewAt = t, unsaved, time.Time{}
	switch {
	case t.Access == "": // a refresh token to begin with
		a.renewAt = time.Now()
		return
	case !t.Expires.IsZero():
		a.renewAt = t.Expires.Add(-min(earlyMost, time.Until(t.Expires)/10))
	}
	a.gen++
}

// classOr returns the class of err, or class if it has none.
func classOr(err error, class fault.Class) fault.Class {
	if c := fault.ClassOf(err); c != fault.Permanent {
		return c
	}
	return class
}
