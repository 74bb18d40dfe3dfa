package owapro

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"exporter/fault"
)

// warnAhead are the days before a refresh token's end on which a warning is due.
var warnAhead = []int{1, 7, 14, 30}

const day = 24 * time.Hour

// dueWarning returns the nearest of the days ahead that has been reached, -1 if
// none has, 0 when the token has ended.
func dueWarning(end, now time.Time) int {
	left := end.Sub(now)
	if left <= 0 {
		return 0
	}
	for _, days := range warnAhead {
		if left <= time.Duration(days)*day {
			return days
		}
	}
	return -1
}

// expiry returns a warning that the login will need a person, "" if none is due.
// Each is given once for a token and number of days, over restarts where there
// is a memory.
func (s *source) expiry(ctx context.Context) (string, error) {
	if s.login == nil {
		return "", nil
	}
	token := s.login.auth.Token()
	if token.Refresh == "" && s.login.store != nil {
		stored, ok, err := s.login.store.LoadToken(ctx, s.login.key)
		if err != nil {
			return "", fault.New(fault.ClassOf(err), "look up the login's end: %w", err)
		}
		if ok {
			token = stored
		}
	}
	end := refreshEnd(token)
	if end.IsZero() {
		return "", nil
	}
	now := s.now()
	days := dueWarning(end, now)
	if days < 0 {
		return "", nil
	}
	said := fmt.Sprintf("%s, %d days", end.UTC().Format(time.RFC3339), days)
	first, err := s.remember.once(ctx, "owapro expiry "+s.login.key, said)
	if err != nil || !first {
		return "", err
	}
	return s.warnExpiry(ctx, end, end.Sub(now)), nil
}

func (s *source) warnExpiry(ctx context.Context, end time.Time, left time.Duration) string {
	s.log.LogAttrs(ctx, slog.LevelWarn, "login ends soon, then every run fails until somebody logs in",
		slog.Time("ends", end), slog.Int("days", int(max(left, 0)/day)))
	when := fmt.Sprintf("ends on %s, in %d days", end.UTC().Format(time.DateOnly), int(left/day))
	if left <= 0 {
		when = "ended on " + end.UTC().Format(time.DateOnly)
	} else if left < 2*day {
		when = fmt.Sprintf("ends on %s, in %d hours", end.UTC().Format(time.DateOnly), int(left/time.Hour))
	}
	return fmt.Sprintf("the login of source %s %s; then every run fails: run `exporter auth login %s` before", s.name, when, s.name)
}
