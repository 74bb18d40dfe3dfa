package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// profileVariable names the file for a profile of a run of exporter.
const profileVariable = "BENCH_PROFILE"

// profiledMain is the program's main with a profile around it. It takes the place
// of main.go in a build, so that the program itself has no switch for it.
//
//go:embed profiled.go.txt
var profiledMain []byte

// overlay writes what makes go build take that main.
func (s *suite) overlay(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "exporter/cmd/exporter").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	source, path := filepath.Join(s.dir, "main.go"), filepath.Join(s.dir, "overlay.json")
	if err := os.WriteFile(source, profiledMain, 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(strings.TrimSpace(string(out)), "main.go"): source}})
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o600)
}

// keepProfile takes the profile of a run to where it was asked for, and its top ten.
func (st *stage) keepProfile(ctx context.Context, r *result) error {
	if st.profile == "" {
		return nil
	}
	if err := os.MkdirAll(st.profile, 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(st.home.dir, "profile"))
	if err != nil {
		return err
	}
	name := filepath.Join(st.profile, strings.ReplaceAll(r.Case, "/", "_"))
	if err := os.WriteFile(name+".pprof", data, 0o644); err != nil {
		return err
	}
	top, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=10", st.program, name+".pprof").Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	return os.WriteFile(name+".txt", top, 0o644)
}
