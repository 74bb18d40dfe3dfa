package limits

import "sync"

// Gates are the gates of a configuration, one per key, made when they are first
// asked for. The zero value is ready; safe for concurrent use.
type Gates struct {
	mu sync.Mutex
	of map[string]*Gate
}

// Of returns the gate under a key; the first call makes it by rules, which were
// found to be good when the configuration came into force.
func (g *Gates) Of(key string, rules func() (Rules, error)) *Gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate := g.of[key]
	if gate == nil {
		if g.of == nil {
			g.of = map[string]*Gate{}
		}
		r, err := rules()
		if err != nil {
			panic(err)
		}
		gate = NewGate(r)
		g.of[key] = gate
	}
	return gate
}
