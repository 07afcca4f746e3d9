package api

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"nonassociations/queries"
	"nonassociations/web/shape"
)

// parameters parses the parameters of a query and collects their faults. Unknown
// parameters are ignored.
type parameters struct {
	values url.Values
	faults []shape.Fault
}

// parametersOf parses a query. One that cannot be parsed is refused: it may have held a
// position, and an answer without regard to it could be an older one.
func parametersOf(u *url.URL) (*parameters, error) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, badPosition()
	}
	return &parameters{values: values}, nil
}

// fault adds a fault of a parameter.
func (p *parameters) fault(name, detail string) {
	p.faults = append(p.faults, shape.Fault{Source: name, Detail: detail})
}

// result returns the 400 with all faults, or nil.
func (p *parameters) result() error {
	if len(p.faults) > 0 {
		return invalid(p.faults, 0)
	}
	return nil
}

// one returns the value of a parameter that may be given once.
func (p *parameters) one(name string) (value string, given bool) {
	values := p.values[name]
	// Two values of one parameter are ambiguous: a proxy may judge the first and the
	// service the last.
	if len(values) > 1 {
		p.fault(name, "must be given once")
		return "", false
	}
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// flag parses true or false.
func (p *parameters) flag(name string, otherwise bool) bool {
	switch value, given := p.one(name); {
	case !given:
	case value == "true":
		return true
	case value == "false":
		return false
	default:
		p.fault(name, "must be true or false")
	}
	return otherwise
}

// number parses a whole number in decimal digits from least to most, both included.
func (p *parameters) number(name string, least, most, otherwise int64) int64 {
	value, given := p.one(name)
	if !given {
		return otherwise
	}
	// ParseInt also accepts a leading plus sign, which the document does not allow.
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most || value[0] == '+' {
		p.fault(name, fmt.Sprintf("must be a whole number from %d to %d", least, most))
		return otherwise
	}
	return n
}

// choice parses one of some words.
func choice[W ~string](p *parameters, name string, words []W, otherwise W) W {
	value, given := p.one(name)
	if !given {
		return otherwise
	}
	all := make([]string, len(words))
	for i, word := range words {
		if value == string(word) {
			return word
		}
		all[i] = string(word)
	}
	p.fault(name, "must be one of the following: "+strings.Join(all, ", "))
	return otherwise
}

// atLeast parses the position that the caller has seen; 0 when none is given.
func (p *parameters) atLeast() uint64 {
	value, given := p.one("atLeast")
	if !given {
		return 0
	}
	position, err := parsePosition(value)
	if err != nil {
		p.fault("atLeast", wantedPosition)
	}
	return position
}

// wanted parses includeOpen and includeClosed. Both false is a fault: an empty list
// would be taken for an answer.
func (p *parameters) wanted(today string) queries.Filter {
	w := queries.Filter{Open: p.flag("includeOpen", true), Closed: p.flag("includeClosed", false), Today: today}
	if !w.Open && !w.Closed {
		p.fault("includeOpen", "must not be false together with includeClosed")
	}
	return w
}

// maxPrison bounds the id of a prison; real ones have 3 characters.
const maxPrison = 12

// prison parses the id of a prison and raises it; "" when none is given.
func (p *parameters) prison(name string) string {
	value, given := p.one(name)
	if !given {
		return ""
	}
	for _, c := range []byte(value) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			value = ""
			break
		}
	}
	if value == "" || len(value) > maxPrison {
		p.fault(name, "must be the id of a prison such as MDI")
	}
	return strings.ToUpper(value)
}
