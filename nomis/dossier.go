package nomis

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
	"nonassociations/queries"
)

// Dossier is all that is known of a pair and NOMIS, of one reading of both.
type Dossier struct {
	Pair    domain.Pair
	Ours    []DossierRecord        // in recorded order, deleted ones too
	Theirs  DossierTheirs          // as NOMIS gives it
	Mapping []domain.MappingPeriod // oldest first, also of records that have left the pair
	Plan    *plan.Plan             // nil when NOMIS could not be read: nothing is known of it then
	// Differences are the open and the accepted ones.
	Differences []store.Difference
}

// DossierRecord is a record of a pair.
type DossierRecord struct {
	ID       uuid.UUID
	Detail   domain.Detail
	Closed   bool
	Delivery queries.Delivery // as the read model has it once it has read all
}

// What NOMIS gives. Package mirror has it.
type (
	// Row is a row of one prisoner.
	Row = mirror.Row
	// Rows are those of both prisoners of a pair.
	Rows = mirror.Rows
)

// DossierTheirs is what NOMIS holds of a pair. Its rows are empty, and mean nothing, when
// it could not be read.
type DossierTheirs struct {
	Read bool
	// Why says in a sentence why NOMIS could not be read, or that it does not know one of
	// the two prisoners. It is empty otherwise.
	Why string

	Rows
}

// DossiersOptions are what Dossiers depend on.
type DossiersOptions struct {
	Store    *store.Store
	Locks    *store.LockSessions
	API      *npa.API
	Turns    turn.Options     // NOMIS is replaced: a person's calls are counted apart
	Clock    func() time.Time // in Europe/London
	Patience time.Duration    // with NOMIS in a dossier; 6 s when zero
}

// Dossiers tell what is known of pairs, and take the turns that people ask for. They are
// safe for concurrent use.
type Dossiers struct {
	DossiersOptions
	turns *turn.Turns
}

// patience is shorter than a request may take, so that a NOMIS that hangs is told as one
// that does not answer.
const patience = 6 * time.Second

// NewDossiers returns Dossiers. They connect to nothing.
func NewDossiers(options DossiersOptions) *Dossiers {
	if options.Patience <= 0 {
		options.Patience = patience
	}
	options.Turns.NOMIS = options.API.For(npa.Operator)
	return &Dossiers{options, turn.New(options.Turns)}
}

// Dossier returns the dossier of a pair. It writes nothing. A NOMIS that cannot be read is
// no error: the dossier says so. Errors: those of the record and of Postgres.
func (d *Dossiers) Dossier(ctx context.Context, pair domain.Pair) (Dossier, error) {
	result, why, err := d.look(ctx, pair, false)
	switch {
	case err != nil:
		return Dossier{}, err
	case why == "":
		return d.dossier(ctx, pair, result)
	}
	ours, err := d.Turns.Record.Plan(ctx, pair)
	if err != nil {
		return Dossier{}, err
	}
	made, err := d.dossier(ctx, pair, turn.Result{Ours: ours})
	made.Theirs, made.Plan = DossierTheirs{Why: why}, nil
	return made, err
}

// look plans a turn and does nothing. why is a sentence when NOMIS could not be asked. The
// turn is planned as it would be taken, or as it would be if a person asked for it.
func (d *Dossiers) look(ctx context.Context, pair domain.Pair, asked bool) (_ turn.Result, why string, err error) {
	due, err := d.due(ctx, pair)
	if err != nil {
		return turn.Result{}, "", err
	}
	asking, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	result, err := d.turns.Take(asking, pair, turn.Why{DryRun: true, Asked: asked, Due: due})
	if err == nil {
		return result, "", nil
	}
	if why = npa.Why(err); why == "" && asking.Err() != nil && ctx.Err() == nil {
		why = npa.WhyAway
	}
	if why != "" && ctx.Err() == nil {
		return turn.Result{}, why, nil
	}
	return turn.Result{}, "", err
}

// due returns the row of the bell. A pair without one is taken as if it rang now: that is
// when its turn would begin.
func (d *Dossiers) due(ctx context.Context, pair domain.Pair) (store.DuePair, error) {
	due, err := d.Store.Get(ctx, pair)
	if errors.Is(err, store.ErrNotDue) {
		return store.DuePair{Pair: pair, FirstRing: d.Clock()}, nil
	}
	return due, err
}

// dossier returns the dossier of what a turn has read last.
func (d *Dossiers) dossier(ctx context.Context, pair domain.Pair, of turn.Result) (Dossier, error) {
	living, err := d.Store.Living(ctx, pair)
	if err != nil {
		return Dossier{}, err
	}
	history := standingsOf(of.Ours, pair)
	return Dossier{
		Pair: pair, Ours: recordsOf(of.Ours, history, domain.Today(d.Clock())),
		Theirs:  DossierTheirs{Read: true, Why: of.Unknown, Rows: of.Rows},
		Mapping: history.Mappings(), Plan: &of.Plan, Differences: living,
	}, nil
}

// standingsOf folds the facts of a pair.
func standingsOf(ours commands.Planned, pair domain.Pair) *domain.StandingHistory {
	history := domain.NewStandingHistory(pair)
	for i, fact := range ours.Facts {
		history.Add(ours.Recorded[i], fact)
	}
	return history
}

// recordsOf returns the records of a pair on a day.
func recordsOf(ours commands.Planned, history *domain.StandingHistory, today string) []DossierRecord {
	state := ours.Exchanges.State()
	all := make([]DossierRecord, len(state.Items))
	for i, n := range state.Items {
		detail, shortened := n.Detail()
		standing := history.Of(n.ID)
		d := queries.Delivery{
			NonAssociationID: n.ID, Pair: state.Pair, Deleted: n.Deleted, EffectiveDay: detail.EffectiveDate, Shortened: shortened,
			TypeSequence: orNil(standing.Mapped), DiffersSince: orNil(standing.Differs), DeliveredAt: orNil(standing.Delivery.At),
		}
		if d.DeliveredAt != nil {
			d.Revision = &standing.Delivery.Revision
		}
		all[i] = DossierRecord{ID: n.ID, Detail: detail, Closed: n.IsClosed(today), Delivery: d}
	}
	return all
}

// orNil returns nil for the zero value.
func orNil[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}
