package hubrise

import "net/http"

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
func (s *Server) token(w http.ResponseWriter, r *http.Request)     { http.NotFound(w, r) }
func (s *Server) revoke(w http.ResponseWriter, r *http.Request)    { http.NotFound(w, r) }
