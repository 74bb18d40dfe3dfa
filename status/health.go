package status

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"exporter/fault"
)

// stuck is after how long without a look at the clock the scheduler counts as hanging.
// It may wait that long for a disk that is busy.
const stuck = time.Minute

// Health is the answer of /healthz and /readyz.
type Health struct {
	Type    string   `json:"type"` // health
	OK      bool     `json:"ok"`
	Reasons []string `json:"reasons,omitempty"` // why not
}

// healthz tells whether the process is worth keeping: a restart would help if not.
// One that waits for its turn on the state, or drains, is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	var reasons []string
	if s.o.Ready() == nil {
		reasons = s.ticks(reasons)
	}
	s.health(w, reasons)
}

// readyz tells whether jobs are run now.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	var reasons []string
	if err := s.o.Ready(); err != nil {
		reasons = append(reasons, sentence(err))
	} else {
		reasons = s.ticks(reasons)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.o.State.Writable(ctx); err != nil {
		reasons = append(reasons, sentence(err))
	}
	s.health(w, reasons)
}

func (s *Server) ticks(reasons []string) []string {
	if since := s.o.Now().Sub(s.o.Tick()); since > stuck {
		return append(reasons, fmt.Sprintf("the scheduler has not looked at the clock for %s", since.Round(time.Second)))
	}
	return reasons
}

func (s *Server) health(w http.ResponseWriter, reasons []string) {
	code := http.StatusOK
	if len(reasons) > 0 {
		code = http.StatusServiceUnavailable
	}
	s.json(w, code, Health{Type: "health", OK: len(reasons) == 0, Reasons: reasons})
}

func sentence(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return err.Error() + ". " + hint
	}
	return err.Error()
}
