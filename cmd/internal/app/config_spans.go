package app

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// errSpan says what a span of time must be. It does not repeat the value.
var errSpan = errors.New("must be longer than 0, such as 30m")

// parseSpan reads a span of time for the parser of the environment.
func parseSpan(text string) (any, error) {
	span, err := time.ParseDuration(text)
	if err != nil {
		return nil, errSpan
	}
	return span, nil
}

// unparsed matches what the parser of the environment says of a value that it cannot read.
var unparsed = regexp.MustCompile(`^parse error on field "(\w+)" of type "[^"]*": (.*)$`)

// named returns a fault of the parser with the variable in place of the field, which no
// operator knows.
func named(fault string) string {
	parts := unparsed.FindStringSubmatch(fault)
	if parts == nil {
		return fault
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[NOMIS](), reflect.TypeFor[Evidence](), reflect.TypeFor[Edge](), reflect.TypeFor[Search](), reflect.TypeFor[Screens]()} {
		if field, there := of.FieldByName(parts[1]); there {
			if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" && name != "-" {
				return name + " " + parts[2]
			}
		}
	}
	return fault
}
