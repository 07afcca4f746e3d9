package api

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/strictjson"
)

// keyFrom is the field of the side that is right.
const keyFrom = "from"

// maxPairs bounds the pairs of one request.
const maxPairs = 10_000

var (
	errPair    = errors.New("must be two different prisoner numbers")
	errVersion = errors.New("must be a whole number from 1 to 999999")
	errPassed  = errors.New("must not be a day that has passed")
)

// parsePair parses two prisoner numbers in either order.
func parsePair(numbers []string) (domain.Pair, error) {
	if len(numbers) != 2 {
		return domain.Pair{}, errPair
	}
	one, oneErr := domain.ParsePrisonerNumber(numbers[0])
	other, otherErr := domain.ParsePrisonerNumber(numbers[1])
	pair, err := domain.NewPair(one, other)
	if oneErr != nil || otherErr != nil || err != nil {
		return domain.Pair{}, errPair
	}
	return pair, nil
}

// oneOf parses one of some words.
func oneOf[W ~string](words []W) func(string) (W, error) {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	unknown := errors.New("must be one of " + strings.Join(all, ", "))
	return func(s string) (W, error) {
		if !slices.Contains(words, W(s)) {
			return "", unknown
		}
		return W(s), nil
	}
}

// fromNOMIS parses which side is right.
func fromNOMIS(s string) (bool, error) {
	side, err := oneOf([]string{"DPS", "NOMIS"})(s)
	return side == "NOMIS", err
}

// version parses the version of a difference.
func version(s string) (int, error) {
	n, is := wholeNumber(s)
	if !is || n < 1 {
		return 0, errVersion
	}
	return n, nil
}

// readPair reads a list of two prisoner numbers.
func readPair(d *strictjson.Decoder, into *domain.Pair) error {
	var numbers []string
	found, err := d.Array(func() error {
		var number strictjson.Field[string]
		err := strictjson.Text(d, &number, func(s string) (string, error) { return s, nil })
		numbers = append(numbers, number.Value)
		return err
	})
	if err != nil || found != strictjson.Whole {
		return err
	}
	if *into, err = parsePair(numbers); err != nil {
		d.Fault(err.Error())
	}
	return nil
}

// decodeReconciliation parses the request of a run.
func decodeReconciliation(body *bytes.Buffer) (reconcile.Request, error) {
	var scope strictjson.Field[reconcile.Scope]
	var allow strictjson.Field[bool]
	var pairs []domain.Pair
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "scope":
			return strictjson.Text(d, &scope, oneOf(reconcile.Scopes()))
		case "allowUnchecked":
			return strictjson.Flag(d, &allow)
		case "pairs":
			_, err := d.Array(func() error {
				var pair domain.Pair
				err := readPair(d, &pair)
				pairs = append(pairs, pair)
				return err
			})
			return err
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, scope, "scope")
		switch named := scope.Value == reconcile.ScopePairs; {
		case scope.Given && named != (len(pairs) > 0):
			d.FaultIn("pairs", "must be given with the scope PAIRS, and with no other")
		case len(pairs) > maxPairs:
			d.FaultIn("pairs", fmt.Sprintf("must be at most %d", maxPairs))
		}
	})
	return reconcile.Request{Scope: scope.Value, Pairs: pairs, AllowUnchecked: allow.Value}, d.Result(err)
}

// decodeRepair parses the direction of a repair.
func decodeRepair(body *bytes.Buffer) (reconcile.Repair, error) {
	var seen strictjson.Field[int]
	var from, dryRun strictjson.Field[bool]
	var why strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "version":
			return strictjson.Number(d, &seen, version)
		case keyFrom:
			return strictjson.Text(d, &from, fromNOMIS)
		case keyReason:
			return strictjson.Text(d, &why, whyChanged)
		case "dryRun":
			return strictjson.Flag(d, &dryRun)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, seen, "version")
		strictjson.Need(d, from, keyFrom)
		strictjson.Need(d, why, keyReason)
	})
	return reconcile.Repair{Version: seen.Value, FromNOMIS: from.Value, Reason: why.Value, DryRun: dryRun.Value}, d.Result(err)
}

// decodeAcceptance parses why a difference is left, and until which day.
func decodeAcceptance(body *bytes.Buffer, today string) (int, reconcile.Decision, error) {
	var seen strictjson.Field[int]
	var why, until strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "version":
			return strictjson.Number(d, &seen, version)
		case keyReason:
			return strictjson.Text(d, &why, whyChanged)
		case "until":
			return strictjson.Text(d, &until, func(s string) (string, error) {
				day, err := calendarDay(s)
				if err == nil && day < today {
					err = errPassed
				}
				return day, err
			})
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, seen, "version")
		strictjson.Need(d, why, keyReason)
	})
	return seen.Value, reconcile.Decision{Reason: why.Value, Until: until.Value}, d.Result(err)
}
