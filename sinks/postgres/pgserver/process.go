package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// pulse is how long one look at a starting server takes.
const pulse = 20 * time.Millisecond

// process is a running postmaster. The server and all its children hold the
// write end of a pipe, so its end of file is the end of the last of them; a
// data folder may be used again only then.
type process struct {
	cmd  *exec.Cmd
	life *os.File
}

// launch starts cmd with its output appended to the file log.
func launch(cmd *exec.Cmd, log string) (_ *process, err error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, []*os.File{w}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &process{cmd: cmd, life: r}, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// gone waits one pulse for the end of the server and reports whether it came.
func (p *process) gone() bool {
	return errors.Is(p.read(time.Now().Add(pulse)), io.EOF)
}

// end sends sig to the server and waits until no process of it is left.
func (p *process) end(ctx context.Context, sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s: %w", sig, err)
	}
	deadline, _ := ctx.Deadline()
	if err := p.read(deadline); !errors.Is(err, io.EOF) {
		return fmt.Errorf("wait for the end of the server: %w", err)
	}
	var exit *exec.ExitError // an immediate shutdown is not a clean exit
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return p.life.Close()
}

// read returns io.EOF once the server is gone, another error at the deadline.
func (p *process) read(deadline time.Time) error {
	if err := p.life.SetReadDeadline(deadline); err != nil {
		return err
	}
	_, err := p.life.Read(make([]byte, 1))
	return err
}
