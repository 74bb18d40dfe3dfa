package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// moment is the machine at the begin or end of a run.
type moment struct {
	At     time.Time `json:"at"`
	Cores  int       `json:"cores"`
	Memory int64     `json:"memory_bytes"`
	Free   int64     `json:"memory_available_bytes"`
	Load   string    `json:"load_average"` // of 1, 5 and 15 minutes
	CPU    string    `json:"processor"`
}

func look() moment {
	m := moment{At: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU()}
	m.Memory, m.Free = meminfo("MemTotal:"), meminfo("MemAvailable:")
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		_, rest, _ = strings.Cut(rest, ":")
		m.CPU, _, _ = strings.Cut(strings.TrimSpace(rest), "\n")
	}
	return m
}

func meminfo(name string) int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name)
	kib, err := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// versions are those of what is measured.
type versions struct {
	Exporter   string `json:"exporter"` // commit
	Go         string `json:"go"`
	PostgreSQL string `json:"postgresql"`
	Psql       string `json:"psql"`
	System     string `json:"system"`
}

func (s *suite) versions(ctx context.Context) (versions, error) {
	v := versions{Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Exporter: "unknown"}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		v.Exporter = strings.TrimSpace(string(out))
	} else if info, ok := debug.ReadBuildInfo(); ok {
		v.Exporter = info.Main.Version
	}
	d := database{server: s.server, dsn: s.server.DSN()}
	var err error
	if v.PostgreSQL, err = d.text(ctx, "SELECT current_setting('server_version')"); err != nil {
		return v, err
	}
	cmd, err := s.server.Psql(ctx, d.dsn, "--version")
	if err != nil {
		return v, err
	}
	out, err := cmd.Output()
	v.Psql = strings.TrimSpace(string(out))
	return v, err
}
