package estate

import (
	"fmt"
	"math/rand/v2"

	"nonassociations/domain"
	"nonassociations/web/client"
)

// DefaultPrisoners is the size of an estate when none is asked for.
const DefaultPrisoners = 40_000

// MaxPrisoners is the largest estate. All of it is in memory.
const MaxPrisoners = 1_000_000

// Options choose an estate. The zero Options are seed 0 with DefaultPrisoners.
type Options struct {
	Seed      uint64
	Prisoners int
	// Crowded is how many open pairs the fullest prison gets beside those that every
	// estate has; as many as fit when there are fewer.
	Crowded int
}

// Estate is a made-up prison service. It is safe for concurrent reads and must not be
// changed.
type Estate struct {
	Prisons   []Prison
	Prisoners []Prisoner
	// Pairs are the prisoners to be kept apart, each pair once.
	Pairs []Pair

	// places maps a number to its index in Prisoners.
	places map[domain.PrisonerNumber]int
}

// Prison is a made-up prison. A prison without wings has no cells.
type Prison struct {
	ID    string // three capital letters, beginning with X
	Name  string
	wings int
	share int // how many prisoners it holds, against the others' shares
}

// Prisoner is one entry as the prisoner directory would give it. It leaves out what it
// does not know of a prisoner.
type Prisoner struct {
	Number       domain.PrisonerNumber `json:"prisonerNumber"`
	FirstName    string                `json:"firstName,omitempty"`
	LastName     string                `json:"lastName,omitempty"`
	PrisonID     string                `json:"prisonId,omitempty"` // TRN in transfer, OUT outside
	PrisonName   string                `json:"prisonName,omitempty"`
	CellLocation string                `json:"cellLocation,omitempty"`

	LocationDescription string `json:"locationDescription,omitempty"`
	InOutStatus         string `json:"inOutStatus,omitempty"` // IN, OUT or TRN
	LastPrisonID        string `json:"lastPrisonId,omitempty"`
	RestrictedPatient   bool   `json:"restrictedPatient"`
	SupportingPrisonID  string `json:"supportingPrisonId,omitempty"`
}

// Pair is the records of two prisoners about each other, the oldest first. First and
// Other are indexes into Estate.Prisoners. The items are recorded from the side of
// First.
type Pair struct {
	First, Other int
	Items        []client.SyncItem
}

// New makes the estate that belongs to the options. Errors: fewer than two or more than
// MaxPrisoners.
func New(options Options) (*Estate, error) {
	if options.Prisoners == 0 {
		options.Prisoners = DefaultPrisoners
	}
	if options.Prisoners < 2 || options.Prisoners > MaxPrisoners {
		return nil, fmt.Errorf("an estate of %d prisoners: from 2 to %d", options.Prisoners, MaxPrisoners)
	}
	e := &Estate{Prisons: prisons(), places: make(map[domain.PrisonerNumber]int, options.Prisoners)}
	// Each part has its own random stream, so a change of the names does not change the
	// pairs.
	e.place(source(options.Seed, 1), options)
	e.makePairs(source(options.Seed, 2))
	e.move(source(options.Seed, 3))
	e.crowd(source(options.Seed, 4), options.Crowded)
	return e, nil
}

// source returns the random stream of one part of the estate. PCG's output is the same
// on every platform and in every version of Go.
func source(seed, concern uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, concern))
}

// Find returns the prisoner with a number, and whether there is one.
func (e *Estate) Find(number domain.PrisonerNumber) (Prisoner, bool) {
	i, there := e.places[number]
	if !there {
		return Prisoner{}, false
	}
	return e.Prisoners[i], true
}

// People returns all prisoners.
func (e *Estate) People() []Prisoner { return e.Prisoners }

// Numbers is how many prisoner numbers of the form A0000AA exist.
const Numbers = 26 * 10_000 * 26 * 26

// Number returns the i-th prisoner number. Indexes below Numbers give different
// numbers, and neighbouring indexes give distant numbers: real numbers are not
// consecutive either.
func Number(i uint64) domain.PrisonerNumber {
	n := i % Numbers * 61_803_399 % Numbers // the factor shares no divisor with Numbers, so nothing falls together
	text := [7]byte{}
	for _, place := range []int{6, 5} {
		text[place], n = 'A'+byte(n%26), n/26
	}
	for _, place := range []int{4, 3, 2, 1} {
		text[place], n = '0'+byte(n%10), n/10
	}
	text[0] = 'A' + byte(n%26)
	return domain.PrisonerNumber(text[:])
}
