package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// widest are characters that take most room, in JSON and in UTF-8.
var widest = []string{"\u0001", "\u0085", "\u2028", "\uFFFE", "\U0001F6AB", `"`, `\`, "<", "é"}

// The largest request that the edge takes: 99 items of one pair, each of which
// changes in every value, or is ignored.
func TestLargestRequest_fitsOneAppend(t *testing.T) {
	pair := domaintest.PairOf(low, high)
	for _, wide := range widest {
		full := func(n int, effective domain.LocalDateTime, open bool, with string) domain.Item {
			item := timed(effective, "2020-12-31T23:59:59")
			if open {
				item.ExpiryDate = nil
			}
			item.TypeSequence = n + 100
			item.Comment, item.AuthorisedBy = new(strings.Repeat(with, domain.MaxComment)), new(strings.Repeat(with, domain.MaxAuthorisedBy))
			return item
		}
		log, cause := &measured{Store: memory.New()}, domaintest.NewCause(domain.NOMIS)
		cause.Actor = strings.Repeat("A", 255)
		tell := func(change func(n int, item *domain.Item)) []domain.Outcome {
			items := make([]domain.Item, domain.MaxItems)
			for n := range items {
				items[n] = full(n, "2019-01-01T00:00:00", false, wide)
				change(n, &items[n])
			}
			cause.CommandID = uuid.New()
			answer, err := newHandler(log).Sync(t.Context(), cause, []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: high, Items: items}}})
			require.NoError(t, err, "%q", wide)
			return answer.Outcomes[0]
		}
		stored := tell(func(int, *domain.Item) {})
		tell(func(n int, item *domain.Item) {
			*item = full(n+500, "2019-07-01T00:00:00", false, wide)
			item.ID = stored[n].NonAssociationID
			item.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "NOT_REL", high: "UNKNOWN"}
			item.TypeCode, item.ExpiryDate = "TNA", new(domain.LocalDateTime("2020-06-30T00:00:00"))
			*item.Comment, *item.AuthorisedBy = "!"+(*item.Comment)[len(wide):], "!"+(*item.AuthorisedBy)[len(wide):]
		})
		require.Equal(t, domain.MaxItems, log.events)
		tell(func(n int, item *domain.Item) { *item = full(n+600, "2022-01-01T00:00:00", true, wide) })
		require.Less(t, log.most, eventstore.MaxAppendBytes)
		t.Logf("%q: at most %d of %d bytes", wide, log.most, eventstore.MaxAppendBytes)
	}
}

// measured is a log that knows its largest append, and how many events the last
// one had.
type measured struct {
	*memory.Store
	most, events int
}

func (m *measured) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	for _, write := range appends {
		size := 0
		for _, event := range write.Events {
			size += len(event.Type) + len(event.Data) + len(event.Metadata)
		}
		m.most, m.events = max(m.most, size), len(write.Events)
	}
	return m.Store.AppendMany(ctx, appends)
}

// What no append could hold is refused in words before it is sent, and the other
// pairs of the request go on.
func TestAppend_thatIsTooLargeIsRefusedBeforeItIsSent(t *testing.T) {
	tells := requestOf(t, 3)
	for n := range domain.MaxItems - 1 {
		item := timed("2019-01-01T00:00:00", "2020-12-31T23:59:59")
		item.TypeSequence = n + 1
		tells[1].Sync.Items = append(tells[1].Sync.Items, item)
	}
	for _, known := range []bool{false, true} { // guessed and loaded
		log, cause := newFaulty(), domaintest.NewCause(domain.NOMIS)
		cause.Actor = strings.Repeat("A", 10<<10)
		h := newHandler(log)
		if known {
			_, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(tells[1].Pair, "apart"))
			require.NoError(t, err)
		}
		before := len(facts(t, log, tells[1].Pair))
		_, err := h.Sync(t.Context(), cause, tells)
		var refusal domain.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, domain.CodeInvalid, refusal.Code)
		require.Len(t, facts(t, log, tells[0].Pair), 1)
		require.Len(t, facts(t, log, tells[1].Pair), before)
		require.Len(t, facts(t, log, tells[2].Pair), 1)
	}
}
