package owapro

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"exporter/fault"
	"exporter/sources"
)

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
	end, now := token.RefreshExpires, s.now()
	days, due := sources.LoginDue(end, now)
	if !due {
		return "", nil
	}
	said := fmt.Sprintf("%s, %d days", end.UTC().Format(time.RFC3339), days)
	first, err := s.remember.once(ctx, "owapro expiry "+s.login.key, said)
	if err != nil || !first {
		return "", err
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "login ends soon, then every run fails until somebody logs in",
		slog.Time("ends", end), slog.Int("days", sources.DaysLeft(end, now)))
	return sources.LoginEnds(s.name, end, now), nil
}
