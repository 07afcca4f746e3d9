package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit/evidence/archive"
	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore/postgres"
	"nonassociations/nomis/mappingcheck"
	"nonassociations/web/shape"
)

// archiveCmd groups what is done with a folder of facts.
type archiveCmd struct {
	Write   archiveWriteCmd   `cmd:"" help:"Add to a folder what is new of the log."`
	Verify  archiveVerifyCmd  `cmd:"" help:"Check a folder, without any store."`
	Restore archiveRestoreCmd `cmd:"" help:"Fill an empty log in Postgres from a folder."`
}

// archiveWriteCmd adds to a folder.
type archiveWriteCmd struct {
	To   string `required:"" placeholder:"DIR" help:"The folder. It is made when it is not there."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (archiveWriteCmd) Help() string {
	return `Examples:
  nonassociations archive write --to /mnt/archive
  nonassociations archive write --to /mnt/archive --json

Only what is new is added. The folder gets the facts of the log, the tiles of the newest signed head and
the head itself. It holds personal data, and is readable by its owner alone; copying it elsewhere is the
operator's. A run that was killed leaves an archive, and the next one goes on.

Variables: EVENTSTORE_URL, DATABASE_URL. Without DATABASE_URL those of the development run of DATA_DIR.

Exit status: 0 done, 1 the log is not the one that was archived or the folder is damaged, 2 it could not
be done (a full disk too), 3 the folder is of another log, or another archive write is at work in it.`
}

// Run writes.
func (c archiveWriteCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	meter := meter{out: os.Stderr, every: 5 * time.Second, next: time.Now().Add(5 * time.Second)}
	written, id, err := app.WriteArchive(ctx, o, c.To, func(facts int64) {
		meter.show(mappingcheck.Stage("facts in the archive"), int(facts), 0)
	})
	switch {
	case errors.Is(err, archive.ErrOtherStore), errors.Is(err, archive.ErrAtWork):
		return exitError{err, 3}
	case errors.Is(err, archive.ErrDiffers), errors.Is(err, archive.ErrDamaged):
		return exitError{err, 1}
	case err != nil:
		return exitError{err, 2}
	}
	if c.JSON {
		return printArchived(c.To, id, written)
	}
	fmt.Printf("%d facts of log %s were added to %s, which is at position %d now; %d files were written.\n", written.Facts, id, c.To, written.Position, written.Files)
	if written.Head == nil {
		fmt.Println("There is no signed head yet. Next: nonassociations archive write --to " + c.To)
		return nil
	}
	fmt.Printf("Its head covers %d facts. Next: nonassociations archive verify --from %s\n", written.Head.Size, c.To)
	return nil
}

// printArchived prints one JSON object.
func printArchived(dir string, id fmt.Stringer, w archive.Written) error {
	storeID, err := uuid.Parse(id.String())
	if err != nil {
		return exitError{err, 2}
	}
	out := shape.Archived{Dir: dir, StoreID: storeID, From: w.From, Position: w.Position, Facts: w.Facts, Files: w.Files}
	if w.Head != nil {
		out.Head = &shape.Head{Size: uint64(w.Head.Size), Root: base64.StdEncoding.EncodeToString(w.Head.Root[:])} //nolint:gosec // a size is not negative
	}
	if err := printJSON(out); err != nil {
		return exitError{err, 2}
	}
	return nil
}

// archiveVerifyCmd checks a folder.
type archiveVerifyCmd struct {
	From string `required:"" placeholder:"DIR" help:"The folder."`
	Key  []vkey `sep:"none" placeholder:"VKEY" help:"Known public key, of the log or a witness; several times for several. Default: EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS, WITNESS_KEY."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (archiveVerifyCmd) Help() string {
	return `Examples:
  nonassociations archive verify --from /mnt/archive --key example.org/evidence+01234567+…
  nonassociations archive verify --from /mnt/archive --json

Each fact is compared with its leaf, the leaves with the tiles and the checkpoint, the checkpoint with its
signatures, and each file with SHA256SUMS. No store, no network and, with --key, no variable is needed.

Exit status: 0 nothing is wrong, 1 something is, 2 it could not be judged.`
}

// Run checks.
func (c archiveVerifyCmd) Run(ctx context.Context) error {
	keys, err := app.KnownKeys(app.CommandEnvironment(), keysOf(c.Key))
	if err != nil {
		return exitError{err, 2}
	}
	found, damaged, err := archive.Verify(ctx, c.From, keys, time.Now)
	for _, name := range damaged {
		fmt.Fprintf(os.Stderr, "%s is not as it was written.\n", name)
	}
	switch {
	case errors.Is(err, archive.ErrDamaged):
		return exitError{err, 1}
	case err != nil:
		return exitError{err, 2}
	}
	return printJudged(found, logInWords, c.JSON, found.OK, "the archive is not what was signed")
}

// archiveRestoreCmd fills a log.
type archiveRestoreCmd struct {
	From string `required:"" placeholder:"DIR" help:"The folder."`
	Into string `required:"" placeholder:"URL" help:"The Postgres of the log, empty: postgres://…"`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (archiveRestoreCmd) Help() string {
	return `Examples:
  nonassociations archive restore --from /mnt/archive --into postgres://owner@host/record

The log gets its id, its positions and the times at which facts were recorded, so that verify log finds
what was signed. All facts are in it at the end, or none. The role must own the database. An EventStoreDB
stamps the times itself: it is restored from its own backup. docs/runbooks/restore.md has what comes next.

Exit status: 0 done, 1 the archive is damaged, 2 it could not be done, 3 the log is not empty, or is not
in Postgres; nothing was written then.`
}

// Run restores.
func (c archiveRestoreCmd) Run(ctx context.Context) error {
	if !strings.HasPrefix(c.Into, "postgres://") && !strings.HasPrefix(c.Into, "postgresql://") {
		return exitError{errors.New("--into must begin with postgres://: nothing was written"), 3}
	}
	restored, folder, err := app.RestoreArchive(ctx, c.From, c.Into)
	switch {
	case errors.Is(err, postgres.ErrNotEmpty):
		return exitError{fmt.Errorf("%w: nothing was written", err), 3}
	case errors.Is(err, archive.ErrDamaged), errors.Is(err, app.ErrWrongArchive):
		return exitError{err, 1}
	case err != nil:
		return exitError{err, 2}
	}
	if c.JSON {
		return printArchived(c.From, folder.StoreID, restored)
	}
	fmt.Printf("Log %s holds %d facts again, up to position %d.\n", folder.StoreID, restored.Facts, restored.Position)
	fmt.Printf("Next, with EVENTSTORE_URL at the restored log: nonassociations verify log --archive %s\n", c.From)
	return nil
}
