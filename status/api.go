package status

import (
	"encoding/json"
	"net/http"
	"strconv"

	"exporter/fault"
)

// Failure is the answer to a request that cannot be met.
type Failure struct {
	Type  string `json:"type"` // failure
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

const mostRuns = 1000

func (s *Server) apiJobs(w http.ResponseWriter, r *http.Request) {
	all, err := s.jobs(r.Context())
	s.list(w, all, err)
}

func (s *Server) apiRuns(w http.ResponseWriter, r *http.Request) {
	limit, job := 20, r.URL.Query().Get("job")
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostRuns {
			s.list(w, nil, fault.New(fault.Config, "limit is no number from 1 to %d", mostRuns))
			return
		}
		limit = n
	}
	if _, known := s.definition(job); job != "" && !known {
		s.unknown(w)
		return
	}
	all, err := s.o.Runs(r.Context(), job, limit)
	s.list(w, all, err)
}

func (s *Server) apiSlices(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("job")
	if _, known := s.definition(name); !known {
		s.unknown(w)
		return
	}
	q := r.URL.Query()
	all, err := s.o.Slices(r.Context(), name, q.Get("from"), q.Get("to"))
	s.list(w, all, err)
}

func (s *Server) unknown(w http.ResponseWriter) {
	s.json(w, http.StatusNotFound, Failure{Type: "failure", Error: "there is no such job", Hint: "/api/jobs lists them"})
}

// list answers with a JSON array, or with what went wrong.
func (s *Server) list(w http.ResponseWriter, all any, err error) {
	if err != nil {
		code := http.StatusInternalServerError
		if fault.ClassOf(err) == fault.Config {
			code = http.StatusBadRequest
		}
		s.json(w, code, Failure{Type: "failure", Error: err.Error(), Hint: fault.HintOf(err)})
		return
	}
	s.json(w, http.StatusOK, all)
}

func (s *Server) json(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.o.Log.Debug("answer was not sent", "err", err)
	}
}

// definition finds a job of the configuration.
func (s *Server) definition(name string) (Definition, bool) {
	for _, d := range s.o.Jobs {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}
