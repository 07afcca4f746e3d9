package estate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"nonassociations/domain"
)

// Invented syllables: no real person has a name of two or three of them.
var (
	heads  = strings.Fields("Bra Cley Dro Fiv Gwu Hesk Jub Krel Lomb Mux Nurv Ogg Plo Quen Rask Skiv Thru Ulf Vorb Wexl Yorv Zin Blet Trum Snok Prix")
	hearts = strings.Fields("a ibbo ol ugga e imp ando urk ezzi opla")
	tails  = strings.Fields("dle x bik nop rvin sket zzo mbly thix gurd vosk plet wen jaz crim dubb")
	towns  = strings.Fields("Brackle Drozzel Fennick Grumble Hexley Jorrow Kettle Lumber Muckle Nibble Oxtle Pockle Quibble Rumple Snettle Thrupple Umber Vexham Wobble Yaffle Zennor")
	ends   = strings.Fields("moor wick thorpe gate holt mere")
)

// outside is where prisoners are who were released: they keep their non-associations.
var outside = Prison{ID: string(domain.Outside), Name: "Outside"}

// prisons returns two prisons for each town. Sizes vary by the factor nine. The first two
// are those of the documentation.
func prisons() []Prison {
	list := make([]Prison, 0, 2*len(towns))
	for i := range 2 * len(towns) {
		list = append(list, Prison{
			ID:    string([]byte{'X', 'A' + byte(i/26), 'A' + byte(i%26)}),
			Name:  towns[i%len(towns)] + ends[(i/len(towns)*2+i)%len(ends)] + " (HMP)",
			wings: 2 + i%5,
			share: 1 + (i*7)%9,
		})
	}
	list[0].Name, list[1].Name = "Example A (HMP)", "Example B (HMP)"
	return list
}

// place generates the prisoners: number, name, prison and cell. Six in a hundred are
// outside and have no cell.
func (e *Estate) place(rng *rand.Rand, options Options) {
	shares := 0
	for _, prison := range e.Prisons {
		shares += prison.share
	}
	first := rng.Uint64N(Numbers)
	for i := range options.Prisoners {
		p := Prisoner{
			Number:    Number(first + uint64(i)),
			FirstName: name(rng), LastName: name(rng),
		}
		prison := outside
		if rng.IntN(100) >= 6 {
			prison = e.choose(rng.IntN(shares))
			p.CellLocation = fmt.Sprintf("%c-%d-%03d", 'A'+rng.IntN(prison.wings), 1+rng.IntN(4), 1+rng.IntN(60))
		}
		p.PrisonID, p.PrisonName = prison.ID, prison.Name
		e.places[p.Number] = i
		e.Prisoners = append(e.Prisoners, p)
	}
}

// choose returns the prison that a number below the sum of all shares falls into, so
// larger prisons are drawn more often.
func (e *Estate) choose(share int) Prison {
	for _, prison := range e.Prisons {
		if share -= prison.share; share < 0 {
			return prison
		}
	}
	return e.Prisons[0]
}

// name draws an invented first or last name.
func name(rng *rand.Rand) string {
	text := pick(rng, heads)
	if rng.IntN(2) == 0 {
		text += pick(rng, hearts)
	}
	return text + pick(rng, tails)
}

// pick draws one of the values evenly. from must not be empty.
func pick[V any](rng *rand.Rand, from []V) V { return from[rng.IntN(len(from))] }
