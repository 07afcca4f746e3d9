package whereabouts

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"nonassociations/domain"
	"nonassociations/queries"
)

const (
	// maxKept is the number of prisons of which what was gathered is kept. A very large one
	// takes 3 MB, most a tenth of that.
	maxKept = 64
	// gatherTime bounds the reads for everybody who waits for them.
	gatherTime = 10 * time.Second
)

// ofPrison is what pages about a whole prison are made of. Requests share it, so nothing in
// it may be changed. What is judged and sorted is so when it is first asked for.
type ofPrison struct {
	gathered

	asked    asked
	at       time.Time // when it was gathered
	tooClose func() domain.TooClose
	rows     func() []SheetRow
	wings    func() []string
}

// asked is a question about a whole prison with all that its answer depends on.
type asked struct {
	prison      domain.PrisonID
	today       string
	locationsAt time.Time
	version     queries.Version
}

// newOfPrison returns what was gathered from a time on.
func newOfPrison(g gathered, at time.Time) ofPrison {
	return ofPrison{
		gathered: g,
		asked:    asked{g.Prison, g.today, g.LocationsAt, g.records.Version}, // records and day may be newer than what was asked
		at:       at,
		tooClose: sync.OnceValue(func() domain.TooClose { return g.places.TooClose(g.records.Records, g.today) }),
		rows:     sync.OnceValue(g.sheetRows),
		wings:    sync.OnceValue(g.wingsOfPrison),
	}
}

// kept has what was last gathered of each prison. It is safe for concurrent use.
type kept struct {
	flights singleflight.Group

	mu  sync.Mutex
	all *simplelru.LRU[domain.PrisonID, ofPrison]
}

func newKept() *kept {
	all, _ := simplelru.NewLRU[domain.PrisonID, ofPrison](maxKept, nil) // fails only for a size below 1
	return &kept{all: all}
}

// get returns what was gathered for a question, unless that is too long ago: the places of
// the others, who are not in the prison, have no version.
func (k *kept) get(q asked, now time.Time) (ofPrison, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, exists := k.all.Get(q.prison)
	return found, exists && found.asked == q && now.Before(found.at.Add(Fresh))
}

// put keeps what was gathered, if it is whole and somebody is in the prison: mistyped ids
// take no memory.
func (k *kept) put(found ofPrison) {
	if found.OthersUnread || len(found.People) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all.Add(found.Prison, found)
}

// ofPrison returns what pages about a whole prison are made of. It reads the records only
// when a fact was recorded or the locations were read since the last time, and once for all
// who ask meanwhile.
func (s *Service) ofPrison(ctx context.Context, prison domain.PrisonID, atLeast uint64) (ofPrison, error) {
	people, err := s.locations.Of(ctx, prison)
	if err != nil {
		return ofPrison{}, err
	}
	version, position, err := s.options.Reads.Version(ctx, atLeast)
	if err != nil {
		return ofPrison{}, err
	}
	now := s.options.Clock()
	q := asked{prison, domain.Today(now), people.At, version}
	found, current := s.kept.get(q, now)
	if !current {
		if found, err = s.gatherOnce(ctx, q, people, position); err != nil {
			return ofPrison{}, err
		}
	}
	// The facts of a version are those of every position that has it.
	if found.asked.version == version {
		found.Position = position
	}
	return found, nil
}

// gatherOnce gathers the answer to a question, once for all who ask the same.
func (s *Service) gatherOnce(ctx context.Context, q asked, people People, atLeast uint64) (ofPrison, error) {
	// Whoever leaves does not end the reads for the others.
	shared := context.WithoutCancel(ctx)
	flight := s.kept.flights.DoChan(fmt.Sprint(q), func() (any, error) {
		ctx, cancel := context.WithTimeout(shared, gatherTime)
		defer cancel()
		began := s.options.Clock()
		if found, current := s.kept.get(q, began); current { // another read has ended since
			return found, nil
		}
		g, err := s.gather(ctx, q.prison, people, nil, atLeast, s.options.Directory.Find)
		if err != nil {
			return nil, err
		}
		found := newOfPrison(g, began)
		s.kept.put(found)
		return found, nil
	})
	select {
	case answer := <-flight:
		found, _ := answer.Val.(ofPrison)
		return found, answer.Err
	case <-ctx.Done():
		return ofPrison{}, fmt.Errorf("wait for the records of a prison: %w", context.Cause(ctx))
	}
}
