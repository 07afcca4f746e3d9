package logcheck

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// Options are what a check needs.
type Options struct {
	Log Log
	// Prefixes select the streams of our facts.
	Prefixes []string
	StoreID  uuid.UUID
	// Kept is nil where the log is compared with a checkpoint from outside alone.
	Kept Kept
	// Keys are the known keys, of the log and of witnesses.
	Keys evidence.Keys
	// From is the size of the kept head whose tree is trusted; 0 checks everything. It is 0
	// in a check against a checkpoint or an archive, which need the whole log.
	From int64
	// Against is a checkpoint from outside, "" for none. Archive has the facts that were kept
	// elsewhere, nil for none; without Against its own checkpoint is the caller's to give.
	Against string
	Archive Archive
	// Clock measures. Expect is told once, before the work, how much it is; Progress then
	// gets the number of facts that are compared. Both may be nil.
	Clock    func() time.Time
	Expect   func(Expected)
	Progress func(facts int64)
}

// Expected is how much work a check is.
type Expected struct {
	Facts int64
	Time  time.Duration
}

// Errors that mean that nothing could be judged, for errors.Is.
var (
	ErrNoHead  = errors.New("there is no head yet: evidence sign makes the first one")
	ErrFrom    = errors.New("no head of this size is kept")
	ErrKeys    = errors.New("no key of a log is known")
	ErrAgainst = errors.New("the checkpoint from outside cannot be used")
	ErrArchive = errors.New("the archive cannot be used")
)

// Check compares the log with what was kept of it. Facts that are appended meanwhile are not
// looked at. An error means that nothing was judged: one of this package, of a store, or of
// the context.
func Check(ctx context.Context, o Options) (Result, error) {
	begun := o.Clock()
	c := &check{Options: o}
	if err := c.prepare(ctx); err != nil {
		return Result{}, err
	}
	if err := c.pass(ctx); err != nil {
		return Result{}, err
	}
	result, err := c.result(ctx)
	result.Seconds = o.Clock().Sub(begun).Seconds()
	return result, err
}

// check is the state of one Check.
type check struct {
	Options
	heads    []head
	tree     growth
	end      eventstore.Position
	begin    eventstore.Position // of the first fact that is read
	first    int64               // its ordinal, and the index of the first leaf
	against  *outside
	facts    int64
	compared *comparer // with the kept leaves; nil without heads
}

// prepare reads the heads and finds the place from which the log is read. Heads come first:
// what they cover is in the log that is read afterwards.
func (c *check) prepare(ctx context.Context) error {
	if !knowsLog(c.Keys) {
		return ErrKeys
	}
	if err := c.readOutside(); err != nil {
		return err
	}
	if c.Kept != nil {
		var err error
		if c.heads, err = readHeads(ctx, c.Kept, c.Keys); err != nil {
			return err
		}
	}
	if len(c.heads) == 0 && c.against == nil {
		return ErrNoHead
	}
	if c.against != nil {
		c.From, c.tree.watch = 0, c.against.note.Size
	}
	var err error
	if c.end, err = c.Log.End(ctx); err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	c.tree.heads = c.heads
	if c.From > 0 {
		if err := c.trust(ctx); err != nil {
			return err
		}
	}
	return c.expect(ctx)
}

func knowsLog(keys evidence.Keys) bool {
	for _, k := range keys {
		if k.Kind == evidence.OfLog {
			return true
		}
	}
	return false
}

// expect measures one page, and says how long all of it will take.
func (c *check) expect(ctx context.Context) error {
	if c.Expect == nil {
		return nil
	}
	size := c.first
	if n := len(c.heads); n > 0 {
		size = c.heads[n-1].Size
	} else {
		size = max(size, c.against.note.Size)
	}
	begun := c.Clock()
	events, err := c.Log.ReadAll(ctx, eventstore.Forwards, c.begin, pageEvents)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	for _, event := range events {
		_, _ = evidence.NewLeaf(event) // the time alone is of interest
	}
	took := c.Clock().Sub(begun)
	facts := size - c.first
	c.Expect(Expected{facts, took * time.Duration(facts) / time.Duration(max(len(events), 1))})
	return nil
}

// pass reads log and leaves side by side, once.
func (c *check) pass(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	pages, hashed := make(chan []eventstore.RecordedEvent, pagesAhead), make(chan []logFact, pagesAhead)
	group.Go(func() error { return readLog(ctx, c.Log, c.begin, c.end, pages) })
	group.Go(func() error { return hashFacts(ctx, c.Prefixes, c.first, pages, hashed) })
	var comparers []*comparer
	if n := len(c.heads); n > 0 {
		leaves := make(chan []keptLeaf, pagesAhead)
		group.Go(func() error { return readLeaves(ctx, c.Kept, c.first, c.heads[n-1].Size, &c.tree, leaves) })
		c.compared = newComparer(cursor(ctx, leaves))
		comparers = append(comparers, c.compared)
	}
	if c.against != nil && c.Archive != nil {
		leaves := make(chan []keptLeaf, pagesAhead)
		group.Go(func() error { return c.against.readArchive(ctx, c.Archive, leaves) })
		c.against.compared = newComparer(cursor(ctx, leaves))
		comparers = append(comparers, c.against.compared)
	}
	group.Go(func() error { return c.compare(ctx, comparers, hashed) })
	return group.Wait()
}

func (c *check) compare(ctx context.Context, comparers []*comparer, hashed <-chan []logFact) error {
	c.facts = c.first
	for facts := range hashed {
		for i := range facts {
			for _, comparer := range comparers {
				if err := comparer.add(&facts[i]); err != nil {
					return err
				}
			}
			if c.against != nil {
				c.against.grow(facts[i].text)
			}
		}
		c.facts += int64(len(facts))
		if c.Progress != nil {
			c.Progress(c.facts - c.first)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // the pages ended before the log did
	}
	for _, comparer := range comparers {
		if err := comparer.finish(); err != nil {
			return err
		}
	}
	return nil
}

// result resolves what the pass found.
func (c *check) result(ctx context.Context) (Result, error) {
	r := Result{StoreID: c.StoreID, From: c.From, Facts: c.facts, Unsigned: c.facts, Problems: []Problem{}}
	var d differences
	if c.compared != nil {
		d = c.compared.resolve()
		r.Unsigned, r.ProblemsTotal = d.unsigned, d.total
		r.Problems = append(r.Problems, d.problems...)
		problems, err := c.movedFacts(ctx, d.moves)
		if err != nil {
			return Result{}, err
		}
		r.Problems = append(problems, r.Problems...)
		sortByIndex(r.Problems)
		for i, p := range r.Problems {
			if p.Index != nil {
				r.Problems[i].FirstHead = firstOver(c.heads, *p.Index)
			}
		}
	}
	if err := c.judgeHeads(ctx, &r); err != nil {
		return Result{}, err
	}
	c.judgeAgainst(&r, d)
	r.OK = r.ProblemsTotal == 0 && (r.Against == nil || (r.Against.Prefix && r.Against.Missing == 0))
	r.Problems = r.Problems[:min(len(r.Problems), MaxProblems)]
	return r, nil
}

// movedFacts reads the facts that were moved: the comparison kept their places alone.
func (c *check) movedFacts(ctx context.Context, moves []run) ([]Problem, error) {
	problems := []Problem{}
	for _, r := range moves {
		if len(problems) >= MaxProblems {
			break
		}
		for from, left := r.at, r.length; left > 0; {
			events, err := c.Log.ReadAll(ctx, eventstore.Forwards, from, int(min(left+1, int64(pageEvents))))
			if err != nil {
				return nil, fmt.Errorf("read the facts that were moved: %w", err)
			}
			found := 0
			for i := range events {
				if (from != r.at && i == 0 && events[0].Position == from) || left == 0 || !eventstore.HasPrefix(events[i].Stream, c.Prefixes) {
					continue
				}
				problems = append(problems, movedProblem(r.leaf+r.length-left, &events[i]))
				left--
				found++
			}
			if found == 0 {
				break // the log was changed meanwhile
			}
			from = events[len(events)-1].Position
		}
	}
	return problems, nil
}

// judgeHeads adds the heads and the cosignatures that are wrong.
func (c *check) judgeHeads(ctx context.Context, r *Result) error {
	if len(c.heads) == 0 {
		return nil
	}
	newest := c.heads[len(c.heads)-1]
	r.NewestHead = &NewestHead{newest.Size, base64.StdEncoding.EncodeToString(newest.Root[:]), newest.signedAt}
	checked := c.heads
	for checked[0].Size < c.From {
		checked = checked[1:]
	}
	for _, h := range checked {
		if r.Heads.Checked++; h.signed && h.rooted {
			r.Heads.Good++
			continue
		}
		r.add(Problem{Kind: BadHead, Parts: []Part{}, FirstHead: h.first()})
	}
	cosigned, err := checkCosignatures(ctx, c.Kept, c.Keys, checked)
	r.Cosignatures = cosigned.Cosignatures
	for _, p := range cosigned.problems {
		r.add(p)
	}
	return err
}

func (r *Result) add(p Problem) {
	if r.ProblemsTotal++; len(r.Problems) < MaxProblems {
		r.Problems = append(r.Problems, p)
	}
}
