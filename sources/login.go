package sources

import (
	"context"
	"fmt"
	"time"
)

// Login is implemented by sources whose credential a person must connect once.
type Login interface {
	// LoginURL returns where the person goes; state comes back unchanged. It is ""
	// where the settings name a login that needs nobody; Login then says which.
	LoginURL(state string) string
	// Login exchanges the code the person was given for tokens and stores them
	// durably. A used, expired or wrong code is of class fault.Auth.
	Login(ctx context.Context, code string) error
}

// Returning is implemented by a Login whose vendor can send the browser back to this
// machine, so that nobody has to paste anything.
type Returning interface {
	Login
	// LoginURLTo is LoginURL with the address that the browser comes back to; "" where
	// the settings say that it ends elsewhere.
	LoginURLTo(state, redirect string) string
}

// Logout is implemented by a source whose vendor can be told to forget a token.
type Logout interface {
	// Logout makes the stored token worthless at the vendor, then deletes it.
	Logout(ctx context.Context) error
}

// Tokened is implemented by a Config whose login leaves a token in the store.
type Tokened interface {
	// TokenKey is where the token of the source of that name is kept, "" where
	// these settings need none. Sources that share a token return the same.
	TokenKey(source string) string
}

const day = 24 * time.Hour

// LoginDue returns the nearest of 1, 7, 14 and 30 days before a login's end that
// has been reached, 0 when it has ended, and whether there is one of them. A zero
// end is never due.
func LoginDue(end, now time.Time) (days int, due bool) {
	left := end.Sub(now)
	switch {
	case end.IsZero():
		return 0, false
	case left <= 0:
		return 0, true
	}
	for _, days := range []int{1, 7, 14, 30} {
		if left <= time.Duration(days)*day {
			return days, true
		}
	}
	return 0, false
}

// DaysLeft returns the whole days until a login's end, 0 when it has ended.
func DaysLeft(end, now time.Time) int { return int(max(end.Sub(now), 0) / day) }

// LoginEnds is the warning that a source's login needs a person.
func LoginEnds(source string, end, now time.Time) string {
	on := end.UTC().Format(time.DateOnly)
	command := "run `exporter auth login " + source + "`"
	switch left := end.Sub(now); {
	case left <= 0:
		return fmt.Sprintf("the login of source %s ended on %s and every run fails: %s", source, on, command)
	case left < 2*day:
		return fmt.Sprintf("the login of source %s ends on %s, in %d hours; then every run fails: %s before", source, on, int(left/time.Hour), command)
	default:
		return fmt.Sprintf("the login of source %s ends on %s, in %d days; then every run fails: %s before", source, on, DaysLeft(end, now), command)
	}
}
