package ratelimit

import "context"

// Claim says for whom a request is: it decides who is served first and is what
// the use of a credential is counted by. The zero value is scheduled work of
// nobody in particular.
type Claim struct {
	Job      string // "" = nobody in particular (discovery, login)
	Backfill bool   // yields to scheduled work
}

type claimKey struct{}

// WithClaim returns a context in which [Limiter.Acquire] asks for c.
func WithClaim(ctx context.Context, c Claim) context.Context {
	return context.WithValue(ctx, claimKey{}, c)
}

func claimOf(ctx context.Context) Claim {
	c, _ := ctx.Value(claimKey{}).(Claim)
	return c
}
