package app

import (
	"fmt"
	"log/slog"
	"regexp"
)

// prisonerNumber matches capitals only. Lower case would also match inside ids, which
// are hexadecimal, and the API raises numbers to capitals before anything is logged.
var prisonerNumber = regexp.MustCompile(`[A-Z][0-9]{4}[A-Z]{2}`)

// MaskAttr is a slog.HandlerOptions.ReplaceAttr that masks prisoner numbers: in the
// message, in texts, in errors and in whatever else prints itself. No line contains a
// number on purpose, but a stream's name and an error of a driver may carry one, and
// logs are kept where fewer rules protect them than the record itself. An attribute
// without a number is returned unchanged, so its type and format stay.
func MaskAttr(_ []string, a slog.Attr) slog.Attr {
	var text string
	switch a.Value.Kind() {
	case slog.KindString:
		text = a.Value.String()
	case slog.KindAny:
		text = fmt.Sprintf("%+v", a.Value.Any())
	default:
		return a // a number, a time or a truth value
	}
	if !prisonerNumber.MatchString(text) {
		return a
	}
	return slog.String(a.Key, prisonerNumber.ReplaceAllString(text, "*******"))
}
