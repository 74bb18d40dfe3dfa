package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// script waits for the end of its input, which is the end of the test process.
// The last line read is the server's process id, empty while it is down. An
// ended server has removed its lock file; its process id alone may stay known
// where nobody reaps orphans, as in many containers.
const script = `
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
	for _ in $(seq 100); do
		[ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
`

// keeper is the process that ends the server and removes its folder when the
// test process is gone. It holds no output of the test process, for which go
// test would wait.
type keeper struct {
	cmd  *exec.Cmd
	pipe *os.File
}

// newKeeper starts a keeper for the folder dir; ctx bounds only the start.
func newKeeper(ctx context.Context, dir string) (*keeper, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", script, "sh", dir)
	cmd.Stdin, cmd.Dir = r, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the keeper of %s: %w", dir, err), r.Close(), w.Close())
	}
	return &keeper{cmd: cmd, pipe: w}, r.Close()
}

// watch tells which process to end; 0 says that there is none.
func (k *keeper) watch(pid int) error {
	line := "\n"
	if pid != 0 {
		line = fmt.Sprintln(pid)
	}
	_, err := k.pipe.WriteString(line)
	return err
}

// dismiss lets the keeper clean up now and waits until it has.
func (k *keeper) dismiss() error {
	return errors.Join(k.pipe.Close(), k.cmd.Wait())
}
