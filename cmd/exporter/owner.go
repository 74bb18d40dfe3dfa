package main

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"exporter/fault"
)

// notAsRoot refuses to work on a state of another user as root: spools and keys that root
// leaves there the user's own serve could not read. Only what writes such files asks.
func notAsRoot(euid int, path string) error {
	if euid != 0 {
		return nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Config, "look at the state: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 {
		return nil
	}
	name := "#" + strconv.FormatUint(uint64(st.Uid), 10) // as sudo takes it
	if u, err := user.LookupId(name[1:]); err == nil {
		name = u.Username
	}
	return fault.New(fault.Config, "the state %s belongs to user %s, and root would leave files there that they cannot read", path, name).
		WithHint("Call it as that user: sudo -u %s exporter …; beside the service with its variables, as the first lines of deploy/exporter.service show. If the state is to be root's, chown its folder.", name)
}
