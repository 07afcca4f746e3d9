package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is what a unix socket's address may hold.
const maxSocketPath = 107

// fallbackDir is for a cluster whose own folder the server's user cannot reach.
const fallbackDir = "/var/tmp"

// layout is where the files of a cluster lie and which user runs it.
type layout struct {
	dir        string // real folder of everything below, owned by the server's user
	data       string
	sockets    string
	logFile    string
	credential *syscall.Credential // nil: this very user
}

// version returns the major version that made the cluster, "" when there is no cluster.
func (p layout) version() string {
	text, err := os.ReadFile(filepath.Join(p.data, "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// chooseLayout returns the layout of the cluster that belongs to dir; a first one is
// laid out.
func chooseLayout(dir string) (layout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return layout{}, err
	}
	link := filepath.Join(dir, "postgres")
	found, err := filepath.EvalSymlinks(link)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(link); err == nil {
			return layout{}, fmt.Errorf("%s links to a cluster that is gone: remove the link to begin anew", link)
		}
		return freshLayout(link)
	}
	if err != nil {
		return layout{}, err
	}
	return existingLayout(found)
}

// existingLayout runs a cluster as the user who owns it. Postgres refuses a data
// directory with files of two users, but only long after that could be explained.
func existingLayout(dir string) (layout, error) {
	owner, err := ownerOf(dir)
	if err != nil {
		return layout{}, err
	}
	me := os.Geteuid()
	if owner == 0 && me == 0 {
		return layout{}, fmt.Errorf("%s belongs to root, as whom Postgres refuses to run: remove it", dir)
	}
	if me != 0 && owner != me {
		return layout{}, fmt.Errorf("%s belongs to another user (%d): run as that user or choose another folder", dir, owner)
	}
	p, err := layoutOf(owner)
	if err != nil {
		return layout{}, err
	}
	return p.at(dir)
}

// freshLayout lays out a new cluster: in dir, or below fallbackDir with a link in dir.
func freshLayout(dir string) (layout, error) {
	uid, err := serverUser()
	if err != nil {
		return layout{}, err
	}
	p, err := layoutOf(uid)
	if err != nil {
		return layout{}, err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return layout{}, err
	}
	if p.credential == nil || reachable(parent, p.credential) {
		return p.at(filepath.Join(parent, "postgres"))
	}
	// A random name: after dir is removed, a new dir gets a new cluster.
	far, err := os.MkdirTemp(fallbackDir, "nonassociations-")
	if err != nil {
		return layout{}, err
	}
	if err := p.makeDir(far); err != nil {
		return layout{}, err
	}
	if err := os.Symlink(far, dir); err != nil {
		return layout{}, err
	}
	return p.at(far)
}

// serverUser returns the user who runs a new cluster: this user, and for root, as whom
// Postgres refuses to run, the user that the Debian package makes.
func serverUser() (int, error) {
	if me := os.Geteuid(); me != 0 {
		return me, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return strconv.Atoi(u.Uid)
		}
	}
	return 0, errors.New("running as root needs a user postgres or nobody: useradd --system postgres")
}

// layoutOf returns a layout without folders, with the credential of the user.
func layoutOf(uid int) (layout, error) {
	if uid == os.Geteuid() {
		return layout{}, nil
	}
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return layout{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return layout{}, err
	}
	return layout{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// at sets the folders and makes them. The socket gets a shorter folder where its path
// would not fit into an address, or contains a comma, which separates hosts.
func (p layout) at(dir string) (layout, error) {
	p.dir, p.data = dir, filepath.Join(dir, "data")
	p.sockets, p.logFile = filepath.Join(dir, "run"), filepath.Join(dir, "postgres.log")
	if len(p.socketLock()) > maxSocketPath || strings.Contains(dir, ",") {
		sum := sha256.Sum256([]byte(dir))
		p.sockets = filepath.Join("/tmp", "nonassociations-"+hex.EncodeToString(sum[:6]))
	}
	for _, folder := range []string{p.dir, p.sockets} {
		if err := p.makeDir(folder); err != nil {
			return layout{}, err
		}
	}
	return p, nil
}

// socketLock is the file beside the socket that names the postmaster.
func (p layout) socketLock() string { return filepath.Join(p.sockets, ".s.PGSQL.5432.lock") }

// pidFile is the file in the data directory that names the postmaster.
func (p layout) pidFile() string { return filepath.Join(p.data, "postmaster.pid") }

// uid returns the user id of the server.
func (p layout) uid() int {
	if p.credential == nil {
		return os.Geteuid()
	}
	return int(p.credential.Uid)
}

// ownerOf returns the owner of a folder. Errors: path is no folder.
func ownerOf(path string) (int, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return 0, fmt.Errorf("%s is not a folder", path)
	}
	return int(stat.Uid), nil
}

// reachable reports whether a user may pass through every folder down to dir.
func reachable(dir string, user *syscall.Credential) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		bit := fs.FileMode(0o001)
		switch {
		case stat.Uid == user.Uid:
			bit = 0o100
		case stat.Gid == user.Gid:
			bit = 0o010
		}
		if info.Mode()&bit == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
