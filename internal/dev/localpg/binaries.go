package localpg

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findBinaries returns the folder of initdb and postgres: the one in PG_BINDIR, the one
// on the PATH, then the usual places, highest version first. version is that of an
// existing cluster, which only the same version can run, or "".
func findBinaries(version string) (string, error) {
	found := installed()
	if len(found) == 0 {
		return "", ErrNotInstalled
	}
	if version == "" {
		return found[0], nil
	}
	for _, bin := range found {
		if binaryVersion(bin) == version {
			return bin, nil
		}
	}
	return "", fmt.Errorf("the cluster was made by PostgreSQL %s, here is %s only: apt-get install postgresql-%s",
		version, binaryVersion(found[0]), version)
}

// installed returns the folders that hold both programs, the preferred first.
func installed() []string {
	candidates := []string{os.Getenv("PG_BINDIR")}
	if path, err := exec.LookPath("initdb"); err == nil {
		// Debian's own wrappers link here; initdb looks for its files beside itself.
		if wrapped, err := filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(wrapped))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		matches, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.SortFunc(matches, func(a, b string) int { return number(b) - number(a) })
		candidates = append(candidates, matches...)
	}
	return slices.DeleteFunc(candidates, func(dir string) bool {
		return dir == "" || !executable(filepath.Join(dir, "initdb")) || !executable(filepath.Join(dir, "postgres"))
	})
}

// number is the first number in a path: 9 sorts before 15, unlike its text.
func number(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

// executable reports whether path is a program.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// binaryVersion is the major version as PG_VERSION writes it, "" when unknown.
func binaryVersion(bin string) string {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return ""
	}
	for word := range strings.FieldsSeq(string(out)) {
		if n := number(word); n > 0 {
			return strconv.Itoa(n)
		}
	}
	return ""
}
