package httpapi

import "sync"

// Auths shares one [TokenAuth] among all clients of a credential, so that of all
// jobs together one at a time fetches a token. The nil *Auths shares nothing.
type Auths struct {
	mu    sync.Mutex
	byKey map[string]*TokenAuth
}

// Shared returns the authenticator of a key: the one there is, or what build returns.
func (a *Auths) Shared(key string, build func() *TokenAuth) *TokenAuth {
	if a == nil {
		return build()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, ok := a.byKey[key]; ok {
		return t
	}
	if a.byKey == nil {
		a.byKey = map[string]*TokenAuth{}
	}
	t := build()
	a.byKey[key] = t
	return t
}
