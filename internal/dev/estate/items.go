package estate

import (
	"math/rand/v2"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/web/client"
)

// kind is why two prisoners are kept apart. It decides the reason codes.
type kind int

const (
	everyday kind = iota
	gang
)

// Records of the past lie in [begin, begin+past days). Those still to come lie in
// [future, future+ahead days), long after any run of a test.
var (
	begin  = time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC)
	future = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
)

// ToCome is the earliest date of the future in an estate. Dates before it are over.
const ToCome domain.LocalDateTime = "2035-01-01T00:00:00"

// past and ahead are in days.
const past, ahead = 16 * 365, 4 * 365

// history generates the records of one pair.
type history struct {
	rng   *rand.Rand
	kind  kind
	other domain.PrisonerNumber
}

// items generates the records of the pair in order. Their dates do not overlap, except
// for the pairs that NOMIS has open twice. TypeSequence counts from 1.
func (l *history) items() []client.SyncItem {
	closed, last := l.closed(), l.rng.IntN(100)
	if closed == 0 && last < 25 {
		closed = 1 // a pair has something between them
	}
	days := l.days(2*closed + 1)
	items := make([]client.SyncItem, 0, closed+2)
	for i := range closed {
		items = append(items, l.item(at(l.rng, begin, days[2*i]), at(l.rng, begin, days[2*i+1])))
	}
	current := days[2*closed]
	switch {
	case last < 25: // nothing more
	case last < 30:
		items = append(items, l.item(at(l.rng, future, l.rng.IntN(ahead)), nil))
	case last < 35:
		items = append(items, l.item(at(l.rng, begin, current), at(l.rng, future, l.rng.IntN(ahead))))
	case last == 35: // NOMIS has a few open twice; only the later one counts
		items = append(items, l.item(at(l.rng, begin, current), nil), l.item(at(l.rng, begin, current+1), nil))
	default:
		items = append(items, l.item(at(l.rng, begin, current), nil))
	}
	for i := range items {
		items[i].TypeSequence = new(i + 1)
	}
	return items
}

// closed draws the number of closed records: none for three pairs in four, up to six
// for others.
func (l *history) closed() int {
	switch n := l.rng.IntN(100); {
	case n < 75:
		return 0
	case n < 95:
		return 1 + l.rng.IntN(2)
	default:
		return 3 + l.rng.IntN(4)
	}
}

// days draws n different days of the past and returns them in order.
func (l *history) days(n int) []int {
	days := make([]int, 0, n)
	for len(days) < n {
		if day := l.rng.IntN(past); !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return days
}

// at returns a random moment between 07:00 and 19:00 of a day, when no clock is put
// forward or back: every local time exists exactly once then.
func at(rng *rand.Rand, from time.Time, day int) *domain.LocalDateTime {
	seconds := 7*3600 + rng.IntN(12*3600)
	moment := domain.Local(from.AddDate(0, 0, day).Add(time.Duration(seconds) * time.Second))
	return &moment
}

// item generates one record. A nil expiry is an open one.
func (l *history) item(effective, expiry *domain.LocalDateTime) client.SyncItem {
	mine, theirs := l.reasonCodes()
	return client.SyncItem{NonAssociation: client.NonAssociation{
		ReasonCode: mine, TypeCode: weighted(l.rng, typeCodes),
		EffectiveDate: *effective, ExpiryDate: expiry,
		AuthorisedBy: authorisedBy(l.rng), Comments: comment(l.rng),
		PrisonerNonAssociation: client.Side{PrisonerNumber: l.other, ReasonCode: theirs},
	}}
}

// reasonCodes draws the codes of both sides. Four in five gang records say RIVAL GANG.
func (l *history) reasonCodes() (mine, theirs domain.ReasonCode) {
	if l.kind == gang && l.rng.IntN(5) > 0 {
		return domain.CodeRivalGang, domain.CodeRivalGang
	}
	codes := weighted(l.rng, reasonCodes)
	return codes[0], codes[1]
}
