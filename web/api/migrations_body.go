package api

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/web/strictjson"
)

// maxSample bounds the size and the seed of a sample.
const maxSample = 999_999

// migrationBody is the body of a migration while it is read.
type migrationBody struct {
	*strictjson.Decoder

	filter migration.Filter
	chosen []string // the fields that select
	failed strictjson.Field[uuid.UUID]
	dryRun strictjson.Field[bool]
}

// decodeMigration parses what is to be migrated.
func decodeMigration(body *bytes.Buffer) (migration.Order, error) {
	b := &migrationBody{Decoder: strictjson.NewDecoder(body)}
	err := readObject(b.Decoder, b.member, func() {
		for _, more := range b.chosen[min(1, len(b.chosen)):] {
			b.FaultIn(more, "must not be given together with "+b.chosen[0])
		}
	})
	b.filter.FailedOf = b.failed.Value
	return migration.Order{Filter: b.filter, DryRun: b.dryRun.Value}, b.Result(err)
}

// member reads one field.
func (b *migrationBody) member(name string) error {
	switch name {
	case "prisonerNumbers":
		return b.array(name, func() error {
			number, err := b.number()
			b.filter.PrisonerNumbers = append(b.filter.PrisonerNumbers, number)
			return err
		})
	case "pairs":
		return b.array(name, b.pair)
	case "failedOf":
		err := strictjson.Text(b.Decoder, &b.failed, parseID)
		if b.failed.Given {
			b.chosen = append(b.chosen, name)
		}
		return err
	case "sample":
		return b.sample(name)
	case "dryRun":
		return strictjson.Flag(b.Decoder, &b.dryRun)
	}
	return b.Skip()
}

// array reads an array that selects. An empty one is a fault: nothing selected must not
// come to mean everything.
func (b *migrationBody) array(name string, element func() error) error {
	count := 0
	found, err := b.Array(func() error {
		count++
		return element()
	})
	if err != nil || found != strictjson.Whole {
		return err
	}
	b.chosen = append(b.chosen, name)
	if count == 0 {
		b.Fault("must not be empty")
	}
	return nil
}

// number reads a prisoner number of an array.
func (b *migrationBody) number() (domain.PrisonerNumber, error) {
	var f strictjson.Field[domain.PrisonerNumber]
	err := strictjson.Text(b.Decoder, &f, domain.ParsePrisonerNumber)
	if err == nil && !f.Given && !f.Bad {
		b.Fault(domain.ErrPrisonerNumber.Error())
	}
	return f.Value, err
}

// pair reads two different prisoner numbers.
func (b *migrationBody) pair() error {
	var numbers []domain.PrisonerNumber
	valid := b.Valid()
	found, err := b.Array(func() error {
		number, err := b.number()
		numbers = append(numbers, number)
		return err
	})
	switch {
	case err != nil || found == strictjson.OtherType || valid && !b.Valid():
		return err
	case len(numbers) != 2:
		b.Fault("must be two prisoner numbers")
	case numbers[0] == numbers[1]:
		b.Fault(domain.ErrSelfPair.Error())
	default:
		b.filter.Pairs = append(b.filter.Pairs, [2]domain.PrisonerNumber(numbers))
	}
	return nil
}

// sample reads a size and a seed.
func (b *migrationBody) sample(name string) error {
	var size, seed strictjson.Field[int]
	found, err := b.Object(func(name string) error {
		switch name {
		case "size":
			return strictjson.Number(b.Decoder, &size, wholeFrom(1, maxSample))
		case "seed":
			return strictjson.Number(b.Decoder, &seed, wholeFrom(0, maxSample))
		}
		return b.Skip()
	})
	if err != nil || found != strictjson.Whole {
		return err
	}
	b.chosen = append(b.chosen, name)
	strictjson.Need(b.Decoder, size, "size")
	strictjson.Need(b.Decoder, seed, "seed")
	b.filter.Sample = &migration.Sample{Size: size.Value, Seed: int64(seed.Value)}
	return nil
}

// wholeFrom returns a parser of whole numbers from least to most.
func wholeFrom(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, is := wholeNumber(s)
		if !is || n < least || n > most {
			return 0, errors.New("must be a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most))
		}
		return n, nil
	}
}
