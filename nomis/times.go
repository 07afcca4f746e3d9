package nomis

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var errNoTime = errors.New("is no time")

// The spellings of a time that Java's writers have: seconds may be left out when
// they are zero, and the reader takes any fraction of them.
var (
	withOffset = []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07",
	}
	withoutOffset = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly}
)

// moment returns a member that must be a time. It returns false when the member is
// missing, null or blank.
func (o object) moment(name string, london *time.Location) (at time.Time, given bool, err error) {
	text, err := o.text(name)
	if err != nil {
		return time.Time{}, false, err
	}
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, false, nil
	}
	if at, err = parseTime(text, london); err != nil {
		return time.Time{}, false, fmt.Errorf("%s %w", name, err)
	}
	return at, true, nil
}

// parseTime reads a time with an offset, or a London wall-clock time without one. A
// zone in brackets after an offset is ignored, because the offset decides. Without an
// offset the zone must be Europe/London.
func parseTime(text string, london *time.Location) (time.Time, error) {
	text, zone := cutZone(text)
	for _, layout := range withOffset {
		if t, err := time.Parse(layout, text); err == nil {
			return t.In(london), nil
		}
	}
	if zone != "" && zone != "Europe/London" {
		return time.Time{}, errNoTime
	}
	for _, layout := range withoutOffset {
		if t, err := time.ParseInLocation(layout, text, london); err == nil {
			return t.In(london), nil
		}
	}
	return time.Time{}, errNoTime
}

// cutZone splits a zone in brackets off the end of a text. zone is "" without one.
func cutZone(text string) (rest, zone string) {
	inner, closed := strings.CutSuffix(text, "]")
	rest, zone, opened := strings.Cut(inner, "[")
	if !closed || !opened {
		return text, ""
	}
	return rest, zone
}
