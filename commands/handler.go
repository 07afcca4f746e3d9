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

// ErrBusy says that the time of the request was over before the record could
// answer. Whatever was appended by then is there; repeating is safe.
var ErrBusy = errors.New("the record could not be written in time; repeating is safe")

// RequestTimeout is the time of one request, waiting included. Within ten seconds the
// caller is to have the answer, and so it is a little less.
const RequestTimeout = 9500 * time.Millisecond

// PairLocator knows which pair a non-association belongs to, from a place that may
// be a little behind the log. It is only a router: the command checks again in
// the pair's stream.
type PairLocator interface {
	// PairOf is the pair of a non-association; false when it is not known (yet),
	// though everything up to a position is.
	PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error)
	// WaitFor returns when PairOf is likely to know everything up to a position, or
	// an error after at most 2 s.
	WaitFor(ctx context.Context, position uint64) error
}

// Options are the outside of a Handler.
type Options struct {
	Clock     func() time.Time // in Europe/London
	Locator   PairLocator      // needed for commands by id
	Directory Directory        // nil: nothing new can be opened by staff
	Keys      IdempotencyStore // nil: requests with a key are refused as busy
	Logger    *slog.Logger
	Timeout   time.Duration // time of one request, waiting included; [Patience] when zero
}

// Handler runs commands. It is safe for concurrent use, and one process has
// one: it queues the writers of a pair before they reach the store.
type Handler struct {
	log        eventstore.Store
	clock      func() time.Time
	locator    PairLocator
	directory  Directory
	keys       IdempotencyStore
	logger     *slog.Logger
	timeout    time.Duration
	catalogue  domain.Catalogue
	turns      *keyedMutex
	seen       *seenStreams
	headReader *headReader
}

// New is a handler that appends to the log.
func New(log eventstore.Store, options Options) *Handler {
	if options.Timeout == 0 {
		options.Timeout = RequestTimeout
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{
		log: log, clock: options.Clock, locator: options.Locator, directory: options.Directory, keys: options.Keys,
		logger: options.Logger, timeout: options.Timeout,
		catalogue: domain.Events(), turns: newKeyedMutex(), seen: newSeenStreams(), headReader: newHeadReader(log),
	}
}

// PairSync is what a request tells of one pair.
type PairSync struct {
	Pair domain.Pair
	Sync domain.Sync
}

// SyncResult is the answer to a whole request: the outcomes of each PairSync in its
// order, and a position that covers all of them.
type SyncResult struct {
	Outcomes [][]domain.Outcome
	Position eventstore.Position
}

// Sync takes over what NOMIS tells of several pairs. The pairs are independent:
// all that can be written are, and an error is the first of those that could
// not, in the order of the request. Repeating completes the rest.
// Errors: [domain.Refusal], [ErrBusy], [eventstore.ErrNotWhole], and faults of
// the store.
func (h *Handler) Sync(ctx context.Context, by domain.Cause, tells []PairSync) (SyncResult, error) {
	jobs := make([]*job, len(tells))
	for i, t := range tells {
		jobs[i] = &job{pair: t.Pair, command: t.Sync, by: by, assumedNew: true}
	}
	position, err := h.run(ctx, jobs)
	if err != nil {
		return SyncResult{}, err
	}
	told := SyncResult{Position: position, Outcomes: make([][]domain.Outcome, len(jobs))}
	for i, j := range jobs {
		told.Outcomes[i] = j.decision.Outcomes
	}
	return told, nil
}

// Receipt is the answer to a command on one non-association.
type Receipt struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation // as the command left it
	Revision       int64                 // of the pair's stream that it was answered from
	Position       eventstore.Position   // a read at least here shows it
	At             time.Time             // when it was decided; of a repeated Act: when it was answered first
}

// Execute runs a command on a pair. Errors as of Tell.
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

// ExecuteByID runs a command on the pair that a non-association belongs to. One
// that the router does not know is looked for once more when the router has
// reached the head of the log; then it is a refusal that it does not exist.
func (h *Handler) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (Receipt, error) {
	return h.executeByID(ctx, id, job{command: command, by: by})
}

// executeByID runs a job that lacks its pair on the pair of a non-association, and
// follows the record when a merge has transferred it.
func (h *Handler) executeByID(ctx context.Context, id uuid.UUID, asked job) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	pair, err := h.pairOf(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	for {
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

// locate asks the router. Whatever keeps it from answering passes: nothing was
// written, and repeating is safe.
func (h *Handler) locate(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	pair, known, err := h.locator.PairOf(ctx, id, atLeast)
	if err != nil {
		return domain.Pair{}, false, fmt.Errorf("%w: find non-association %s: %w", ErrBusy, id, err)
	}
	return pair, known, nil
}

// Head is the position of the last fact of ours, read after the call began.
func (h *Handler) Head(ctx context.Context) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	for wait := newBackoff(); ; {
		position, err := h.headReader.read(ctx)
		if err == nil || !eventstore.Passes(err) {
			return position, busyOnTimeout(ctx, err)
		}
		if err := wait.wait(ctx); err != nil {
			return eventstore.Position{}, busyOnTimeout(ctx, err)
		}
	}
}

// busyOnTimeout turns what went wrong because the time was over into ErrBusy.
func busyOnTimeout(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
