package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/audit/evidence/bundle"
	evidence "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	screens "nonassociations/web/screens/store"
)

// Export is a bundle to be made.
type Export struct {
	Number       domain.PrisonerNumber
	At           audit.Moments // of which Known counts
	File         string
	Act          Act // who makes it, and why
	RedactOthers bool
	Views        bool          // with who looked at the prisoner
	Wait         time.Duration // for a head that covers all facts; 0: until one is due
	Say          func(string)  // progress, a sentence at a time
}

// Exported is what was made.
type Exported struct {
	File      string
	SHA256    string
	Facts     int
	Withheld  int
	Uncovered []uuid.UUID
	Position  uint64
	Head      *bundle.Head // nil: nothing was ever signed
}

// ErrExists refuses to write over a file.
var ErrExists = errors.New("the file exists, and a bundle is never written over another file")

// ExportBundle writes the bundle of a prisoner, and records it as a view and as an act. It
// waits until a head covers all facts, at most 30 s longer than heads are apart. An error
// means that no file was written.
func ExportBundle(ctx context.Context, o Options, e Export) (made Exported, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfExporting)); err != nil {
		return Exported{}, err
	}
	if err := isFree(e.File); err != nil {
		return Exported{}, err
	}
	err = o.RecordAct(ctx, e.Act, func() (err error) {
		made, err = o.exportBundle(ctx, e)
		return err
	})
	return made, err
}

func (o Options) exportBundle(ctx context.Context, e Export) (made Exported, err error) {
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return Exported{}, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	kept, err := evidence.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return Exported{}, err
	}
	defer kept.Close()

	known := e.At.Known.At
	found, err := bundle.Collect(ctx, log, e.Number, known, func(facts int) { e.Say(fmt.Sprintf("Read %d facts.", facts)) })
	if err != nil {
		return Exported{}, err
	}
	proving := proving{tree: kept.Tree(), facts: found.Facts, covered: map[uuid.UUID]time.Time{}}
	if err := proving.wait(ctx, cmp.Or(e.Wait, o.Config.Evidence.Every+coverTime), e.Say); err != nil {
		return Exported{}, err
	}
	if err := proving.prove(ctx); err != nil {
		return Exported{}, err
	}
	c := bundle.Contents{
		PrisonerNumber: e.Number, KnownAt: known, MadeAt: o.Clock(), User: e.Act.User, Reason: e.Act.Reason,
		Facts: proving.proven, Signed: proving.signed, Withheld: e.RedactOthers,
	}
	if c.Keys, err = o.Config.publicKeys(); err != nil {
		return Exported{}, err
	}
	if c.Views, err = o.recordExport(ctx, e, found); err != nil {
		return Exported{}, err
	}
	if c.Page, err = o.pageOf(ctx, e, c, found, proving.covered, log); err != nil {
		return Exported{}, err
	}
	sum, err := writeNew(e.File, c.WriteTo)
	if err != nil {
		return Exported{}, err
	}
	made = Exported{File: e.File, SHA256: sum, Facts: len(c.Facts), Position: found.Position, Head: proving.head}
	for _, f := range c.Uncovered() {
		made.Uncovered = append(made.Uncovered, f.Recorded.ID)
	}
	if e.RedactOthers {
		made.Withheld = len(c.Facts)
	}
	return made, nil
}

// publicKeys are those that the service says are its own, and its witness's. There may be
// none where the bundle is made: whoever checks it has to ask elsewhere all the same.
func (c Config) publicKeys() ([]string, error) {
	vkeys := list(c.Evidence.OldKeys)
	if c.Evidence.KeyFile != "" {
		var err error
		if vkeys, err = c.EvidenceKeys(); err != nil {
			return nil, err
		}
	}
	return append(vkeys, list(c.Evidence.WitnessKey)...), nil
}

// recordExport records the export as a view, and returns views.csv when it was asked for.
func (o Options) recordExport(ctx context.Context, e Export, found bundle.Collected) ([]byte, error) {
	views, err := screens.Open(ctx, o.Config.DatabaseURL, nil)
	if err != nil {
		return nil, err
	}
	defer views.Close()
	view := screens.View{
		At: o.Clock(), UserName: e.Act.User, Page: screens.PageExport, Route: "nonassociations export", Query: exportQuery(e),
		Subjects: []domain.PrisonerNumber{e.Number}, Position: found.Position, Build: Version(), RequestID: uuid.New(),
	}
	if !e.RedactOthers {
		view.Shown = found.Others
	}
	if err := views.InsertView(ctx, view); err != nil {
		return nil, err
	}
	if !e.Views {
		return nil, nil
	}
	return viewsFile(ctx, views, e.Number, o.Clock().Location(), e.RedactOthers)
}

// exportQuery is the question of an export, for the view.
func exportQuery(e Export) string {
	query := "knownAt=" + e.At.Known.At.UTC().Format(time.RFC3339Nano)
	if e.RedactOthers {
		query += "&redactOthers=true"
	}
	if e.Views {
		query += "&views=true"
	}
	return query
}
