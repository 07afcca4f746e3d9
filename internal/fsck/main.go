// Command fsck checks the folder of an archive with Tessera, which shares no code with the
// service: every tile and the checkpoint are computed from the bundles of leaves. It is a
// module of its own, so that the service does not depend on Tessera.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
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
	begun := make(chan struct{})
	from := folder{client.FileFetcher{Root: dir}, sync.OnceFunc(func() { close(begun) })}
	checker := fsck.New(verifier.Name(), verifier, from, leafHashes, fsck.Opts{})
	ended := make(chan error, 1)
	go func() { ended <- checker.Check(ctx) }()
	select {
	case err := <-ended: // nothing could be read
		return err
	case <-begun:
		return firstError(ended, checker)
	}
}

// firstError returns how the check ends, or the first tile that is wrong. Tessera's worker ends
// with such a tile, and when more than one tile comes behind it Check waits for the worker for
// ever (v1.0.4).
func firstError(ended <-chan error, checker *fsck.Fsck) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-look.C:
			if err := wrongTile(checker.Status()); err != nil {
				return err
			}
		}
	}
}

// wrongTile names a tile that is not there or is not what the leaves give; nil: none so far.
func wrongTile(s fsck.Status) error {
	for level, ranges := range s.TileRanges {
		for _, r := range ranges {
			if r.State == fsck.Invalid || r.State == fsck.FetchError {
				return fmt.Errorf("tile %d of level %d is missing, or is not that of the leaves", r.First, level)
			}
		}
	}
	return nil
}

// folder reads an archive.
type folder struct {
	client.FileFetcher

	begun func() // called before the first bundle is read
}

// ReadEntryBundle refuses a bundle with fewer leaves than it must have, at which Tessera panics.
func (f folder) ReadEntryBundle(ctx context.Context, index uint64, partial uint8) ([]byte, error) {
	f.begun()
	bundle, err := f.FileFetcher.ReadEntryBundle(ctx, index, partial)
	if err != nil {
		return nil, err
	}
	leaves := int(partial)
	if partial == 0 {
		leaves = layout.EntryBundleWidth
	}
	hashes, err := leafHashes(bundle)
	if err == nil && len(hashes) < leaves {
		err = fmt.Errorf("bundle %d has %d leaves, and must have %d", index, len(hashes), leaves)
	}
	return bundle, err
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
