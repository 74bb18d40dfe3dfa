package pgserver

import (
	"os"
	"syscall"
)

const (
	memory = "/dev/shm" // a file system in memory, on Linux
	room   = 2 << 30    // bytes that must be free there before a server takes some
)

// base returns the folder in which the folder of a server is made; "" is that
// of temporary files. Every new database writes about a thousand files, which
// on a busy disk takes ten times as long as in memory. A server whose speed is
// measured belongs on a disk, and TMPDIR is a wish to be respected.
func base(s Settings) string {
	if os.Getenv("TMPDIR") != "" || s["fsync"] == "on" {
		return ""
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return memory
}
