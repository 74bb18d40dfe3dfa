package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// home is the folder that exporter works in: configuration, state, spool.
type home struct {
	*suite
	dir string
}

// newHome makes a folder for a configuration.
func (s *suite) newHome(name, config string) (*home, error) {
	h := &home{suite: s, dir: filepath.Join(s.dir, name)}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, err
	}
	return h, os.WriteFile(filepath.Join(h.dir, "jobs.toml"), []byte(config), 0o600)
}

// forget takes away all that exporter knows or has written there.
func (h *home) forget() error {
	entries, err := os.ReadDir(h.dir)
	for _, e := range entries {
		if e.Name() != "jobs.toml" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(h.dir, e.Name())))
		}
	}
	return err
}

// run runs the job over days, in a process of its own. The process has to end well,
// or badly where the database keeps it out.
func (h *home) run(ctx context.Context, to string, well bool) (client, error) {
	cmd := exec.CommandContext(ctx, h.program, "run", "facts", "--from", firstDay, "--to", to)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.dir, &out, &out
	if h.profile != "" && well {
		cmd.Env = append(os.Environ(), profileVariable+"="+filepath.Join(h.dir, "profile"))
	}
	c, err := measured(ctx, cmd)
	var exit *exec.ExitError
	switch {
	case well && err != nil:
		return c, fmt.Errorf("exporter run: %w\n%s", err, out.Bytes())
	case !well && err == nil:
		return c, fmt.Errorf("exporter run ended well, though its database kept it out\n%s", out.Bytes())
	case !well && !errors.As(err, &exit):
		return c, err
	}
	return c, nil
}

// spooled returns how many bytes wait in the spool.
func (h *home) spooled() (bytes int64, err error) {
	err = filepath.WalkDir(filepath.Join(h.dir, "exporter-spool"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// metered runs one step and adds what the server and the vendor took meanwhile.
func (st *stage) metered(step func() (client, error)) (sample, error) {
	var before, after [2]time.Duration
	read := func(into *[2]time.Duration) (err error) {
		if into[0], err = familyCPU(st.server.PID()); err != nil {
			return err
		}
		_, into[1], _, err = statOf(st.vendor.cmd.Process.Pid)
		return err
	}
	if err := read(&before); err != nil {
		return sample{}, err
	}
	c, err := step()
	if err != nil {
		return sample{}, err
	}
	err = read(&after)
	return sample{client: c, server: after[0] - before[0], supplier: after[1] - before[1]}, err
}
