package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// ErrBusy means that the request timed out, or that something it depends on is
// unavailable. Facts appended before the timeout stay. The same request with the same
// command id may be sent again.
var ErrBusy = errors.New("the record could not be written in time; repeating is safe")

// RequestTimeout is the default time for one request, including retries and waiting.
// Callers give up after ten seconds, so the service answers shortly before.
const RequestTimeout = 9500 * time.Millisecond

// PairLocator finds the pair of a non-association in a read model that may be behind the
// log. A stale answer does no harm: the command is decided on the pair's own stream,
// which redirects it when the record has moved.
type PairLocator interface {
	// PairOf returns the pair of a non-association. It returns false when the read
	// model does not have it, although it has applied everything up to the position.
	PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error)
	// WaitFor returns when PairOf is likely to know everything up to a position. It
	// returns an error after at most 2 s.
	WaitFor(ctx context.Context, position uint64) error
}

// Options are what a Handler depends on. Only Clock is required. A request that needs
// something that is nil fails with ErrBusy.
type Options struct {
	Clock     func() time.Time // in Europe/London
	Locator   PairLocator      // needed for commands by id
	Directory Directory        // nil: nothing new can be opened by staff
	Places    Places           // nil: no place is known, and NOMIS may change records until inbound is off
	Keys      IdempotencyStore // nil: requests with a key are refused as busy
	Logger    *slog.Logger
	Timeout   time.Duration // of one request, retries included; RequestTimeout when zero
}

// Handler runs commands. It is safe for concurrent use. One process should have one
// Handler for a log, because its keyed mutex orders the writers of a pair before they
// reach the store. Two Handlers are still correct, but they cause conflicts.
type Handler struct {
	log        eventstore.Store
	clock      func() time.Time
	locator    PairLocator
	directory  Directory
	places     Places
	keys       IdempotencyStore
	logger     *slog.Logger
	timeout    time.Duration
	catalogue  domain.Catalogue
	turns      *keyedMutex
	seen       *seenStreams
	headReader *headReader
	switchOver *switchOverCache
}

// New returns a Handler that appends to the log. It starts nothing and calls nothing.
func New(log eventstore.Store, options Options) *Handler {
	if options.Timeout == 0 {
		options.Timeout = RequestTimeout
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	catalogue := domain.Events()
	return &Handler{
		log: log, clock: options.Clock, locator: options.Locator, directory: options.Directory, places: options.Places,
		keys: options.Keys, logger: options.Logger, timeout: options.Timeout,
		switchOver: newSwitchOverCache(log, options.Clock, catalogue),
		catalogue:  catalogue, turns: newKeyedMutex(), seen: newSeenStreams(), headReader: newHeadReader(log),
	}
}

// PairSync is the part of a request from NOMIS that is about one pair. A request must
// not have two parts about the same pair.
type PairSync struct {
	Pair domain.Pair
	Sync domain.Sync
}

// SyncResult is the answer to a whole request. Outcomes has one list for each PairSync,
// in the order of the request. A read that has reached Position shows all of them.
type SyncResult struct {
	Outcomes [][]domain.Outcome
	Position eventstore.Position
}

// Sync records what NOMIS sends about several pairs. The pairs are independent: a pair
// that fails does not stop the others. The error is the first one in the order of the
// request, and the pairs without an error are recorded all the same. Sending the request
// again records the rest. What comes from [domain.NOMIS] while inbound is not allowed is
// ignored instead of recorded; the migration is not bound by that.
// Errors: [domain.Refusal], [ErrBusy], [eventstore.ErrNotWhole], and faults of
// the store.
func (h *Handler) Sync(ctx context.Context, by domain.Cause, parts []PairSync) (SyncResult, error) {
	jobs := make([]*job, len(parts))
	for i, part := range parts {
		jobs[i] = &job{pair: part.Pair, command: part.Sync, by: by, assumedNew: true, inbound: inboundOf(by)}
	}
	position, err := h.run(ctx, jobs)
	if err != nil {
		return SyncResult{}, err
	}
	result := SyncResult{Position: position, Outcomes: make([][]domain.Outcome, len(jobs))}
	for i, j := range jobs {
		result.Outcomes[i] = j.decision.Outcomes
	}
	return result, nil
}

// Receipt is the answer to a command on one non-association. A repeated command gets the
// Receipt of its first answer again.
type Receipt struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation // as the command left it
	Revision       int64                 // of the pair's stream, as of the answer
	Position       eventstore.Position   // a read that has reached it shows the command
	At             time.Time             // of the decision; for a repeat with a key: of the first answer
}

// Execute runs a command on a pair, whatever the switch-over allows. Errors are those of Sync, and [domain.Moved] when
// the record has left the pair by a merge.
func (h *Handler) Execute(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command) (Receipt, error) {
	return h.execute(ctx, &job{pair: pair, command: command, by: by})
}

func (h *Handler) execute(ctx context.Context, j *job) (Receipt, error) {
	position, err := h.run(ctx, []*job{j})
	if err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{Pair: j.pair, Revision: j.revision, Position: position, At: j.at}
	if i := j.after.Find(j.decision.Outcomes[0].NonAssociationID); i >= 0 {
		receipt.NonAssociation = j.after.Items[i]
	}
	return receipt, nil
}

// ExecuteByID runs a command on the pair that a non-association belongs to, and follows
// the record when a merge has moved it. When the locator does not know the id, it is
// asked once more after it has reached the head of the log: the record may be new. An id
// that is unknown then is refused with [domain.CodeNotFound]. A deletion by
// [domain.NOMIS] is ignored while inbound is not allowed. Other errors are those of Sync.
func (h *Handler) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (Receipt, error) {
	return h.executeByID(ctx, id, job{command: command, by: by, inbound: inboundOf(by)}, func(domain.Pair) error { return nil })
}

// executeByID runs a job that lacks its pair on the pair of a non-association, and
// follows the record when a merge has transferred it. Each pair must be admitted first.
func (h *Handler) executeByID(ctx context.Context, id uuid.UUID, asked job, admitted func(domain.Pair) error) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	pair, err := h.pairOf(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	for {
		if err := admitted(pair); err != nil {
			return Receipt{}, err
		}
		j := asked
		j.pair = pair
		receipt, err := h.execute(ctx, &j)
		var moved domain.Moved
		if !errors.As(err, &moved) {
			return receipt, err
		}
		pair = moved.To // the locator was behind a merge: the log has the new pair
	}
}

// pairOf returns the pair of a non-association. It asks a second time at the head of the
// log before it refuses an id as not found.
func (h *Handler) pairOf(ctx context.Context, id uuid.UUID) (domain.Pair, error) {
	pair, known, err := h.locate(ctx, id, 0)
	if err != nil || known {
		return pair, err
	}
	head, err := h.Head(ctx)
	if err != nil {
		return domain.Pair{}, err
	}
	if err := h.locator.WaitFor(ctx, head.Uint64()); err != nil {
		return domain.Pair{}, fmt.Errorf("%w: find non-association %s: %w", ErrBusy, id, err)
	}
	pair, known, err = h.locate(ctx, id, head.Uint64())
	if err == nil && !known {
		err = domain.NotFound(id)
	}
	return pair, err
}

// locate asks the locator once. Every fault of it is ErrBusy: nothing was written, so
// the request may be sent again.
func (h *Handler) locate(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	pair, known, err := h.locator.PairOf(ctx, id, atLeast)
	if err != nil {
		return domain.Pair{}, false, fmt.Errorf("%w: find non-association %s: %w", ErrBusy, id, err)
	}
	return pair, known, nil
}

// Head returns the position of the last fact of this service in the log, or the zero
// Position when there is none. The read begins after the call, so it covers everything
// that was appended before. It retries outages until the timeout. Errors: ErrBusy and
// faults of the store.
func (h *Handler) Head(ctx context.Context) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	for wait := NewBackoff(); ; {
		position, err := h.headReader.read(ctx)
		if err == nil || !eventstore.Passes(err) {
			return position, busyOnTimeout(ctx, err)
		}
		if err := wait.Wait(ctx); err != nil {
			return eventstore.Position{}, busyOnTimeout(ctx, err)
		}
	}
}

// busyOnTimeout wraps an error in ErrBusy when the deadline of the request has passed.
// Other errors, and those of a caller who cancelled, are returned unchanged.
func busyOnTimeout(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
