package projections

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
)

// standingBytes is enough for the standing of most records.
const standingBytes = 96

// appendStandings appends the standings of a pair as JSON, in the form that encoding/json
// reads back. Like appendState it is written by hand, because it is written with every
// fact; TestStandings_readBackAsTheyWereWritten holds it to the fields.
func appendStandings(b []byte, all domain.Standings) (_ []byte, err error) {
	if b == nil {
		b = make([]byte, 0, standingBytes*len(all))
	}
	b = append(b, '[')
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendStanding(b, &all[i]); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendStanding appends one standing. Mapped comes first because it is always there.
func appendStanding(b []byte, s *domain.Standing) (_ []byte, err error) {
	b = strconv.AppendInt(append(b, `{"mapped":`...), int64(s.Mapped), 10)
	for _, flag := range [...]struct {
		key string
		is  bool
	}{{`,"same":true`, s.Same}, {`,"own":true`, s.Own}, {`,"gone":true`, s.Gone}, {`,"deleted":true`, s.Deleted}} {
		if flag.is {
			b = append(b, flag.key...)
		}
	}
	if s.Delivery != (domain.Delivery{}) {
		b = appendTime(append(b, `,"delivery":{"at":`...), s.Delivery.At)
		b = strconv.AppendUint(append(b, `,"revision":`...), s.Delivery.Revision, 10)
		b = append(b, '}')
	}
	if !s.Differs.IsZero() {
		b = appendTime(append(b, `,"differs":`...), s.Differs)
	}
	if len(s.Base) > 0 {
		b, err = appendRare(b, "base", s.Base)
	}
	return append(b, '}'), err
}

// errStandings fails the batch: the tables were changed by hand.
var errStandings = errors.New("the standings of a pair do not fit its records: rebuild the read model")

// readStandings reads what appendStandings wrote, for the items of the row's state.
func (p *pairRow) readStandings(text []byte) error {
	if err := json.Unmarshal(text, &p.standings); err != nil {
		return fmt.Errorf("read the standings of a pair: %w", err)
	}
	if len(p.standings) != len(p.state.Items) {
		return errStandings
	}
	for i, n := range p.state.Items {
		p.standings[i].ID = n.ID
	}
	return nil
}
