// Command fsck checks the folder of an archive with Tessera, which shares no code with the
// service: every tile and the checkpoint are computed from the bundles of leaves. It is a
// module of its own, so that the service does not depend on Tessera.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: fsck DIR VKEY-FILE")
		os.Exit(2)
	}
	if err := check(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "fsck:", err)
		os.Exit(1)
	}
	fmt.Println("fsck: the archive is the tree that its checkpoint names")
}

// check checks a folder by the public key in a file.
func check(ctx context.Context, dir, keyFile string) error {
	vkey, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return fmt.Errorf("read the key: %w", err)
	}
	return fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: dir}, leafHashes, fsck.Opts{}).Check(ctx)
}

// leafHashes returns the hashes of the leaves of a bundle.
func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, fmt.Errorf("read a bundle: %w", err)
	}
	hashes := make([][]byte, len(entries.Entries))
	for i, entry := range entries.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(entry)
	}
	return hashes, nil
}
