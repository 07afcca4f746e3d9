package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// limit is more than a hundred times what a check of this folder takes. A check that hangs has
// not rejected anything.
const limit = 30 * time.Second

// checked is what the check says of a copy of the archive in FSCK_DIR, in which change has
// changed one file.
func checked(t *testing.T, name string, change func(text []byte) []byte) error {
	t.Helper()
	from := os.Getenv("FSCK_DIR")
	if from == "" {
		t.Fatal("FSCK_DIR is not set: run it by make fsck")
	}
	dir := filepath.Join(t.TempDir(), "archive")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(from, "archive"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil { // whatever its mode
		t.Fatal(err)
	}
	if text = change(text); text != nil {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := make(chan error, 1)
	go func() { said <- check(t.Context(), dir, filepath.Join(from, "vkey")) }()
	select {
	case err := <-said:
		return err
	case <-time.After(limit):
		t.Fatalf("%s: the check hangs", name)
		return nil
	}
}

// TestCheck_rejectsADamagedFolder changes one file of a good folder: at its begin, in the
// middle and at the end of the tree, so that tiles come behind it or none.
func TestCheck_rejectsADamagedFolder(t *testing.T) {
	same := func(text []byte) []byte { return text }
	if err := checked(t, "checkpoint", same); err != nil {
		t.Fatalf("the folder is good: %v", err)
	}
	damages := map[string]func([]byte) []byte{
		"changed":   func(text []byte) []byte { text[len(text)/2] ^= 1; return text },
		"truncated": func(text []byte) []byte { return text[:len(text)/2] },
		"empty":     func([]byte) []byte { return []byte{} },
		"missing":   func([]byte) []byte { return nil },
	}
	for _, name := range []string{
		"tile/0/000", "tile/0/002", "tile/0/005.p/32", "tile/1/000.p/5",
		"tile/entries/000", "tile/entries/002", "tile/entries/005.p/32", "checkpoint",
	} {
		for damage, change := range damages {
			t.Run(name+" "+damage, func(t *testing.T) {
				t.Parallel()
				err := checked(t, name, change)
				if err == nil {
					t.Fatal("the damage was not found")
				}
				t.Log(err)
			})
		}
	}
}
