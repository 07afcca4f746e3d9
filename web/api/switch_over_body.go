package api

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/web/strictjson"
)

// stage parses a stage of the switch-over.
var stage = word(domain.Stages())

// keyReason is the field of a reason.
const keyReason = "reason"

// maxNotice bounds reasons and announcements of the switch-over, in UTF-16 units. NOMIS
// never holds them.
const maxNotice = 1000

// maxBrownOut is the longest brown-out of the legacy list, in minutes: a week.
const maxBrownOut = 7 * 24 * 60

var (
	errMinutes = errors.New("must be a whole number of minutes from 1 to 10080")
	errDay     = errors.New("must be a day such as 2026-12-01")
)

// pathPrison parses the id of a prison in the path.
func pathPrison(r *http.Request) (domain.PrisonID, error) {
	text, err := pathValue(r, "prisonId")
	if err != nil {
		return "", err
	}
	id, err := domain.ParsePrisonID(text)
	if err != nil {
		return "", invalidValue("prisonId", err.Error())
	}
	return id, nil
}

// whyChanged parses the reason of a change.
func whyChanged(s string) (string, error) { return typed(s, maxNotice) }

// notice parses the text of an announcement. A blank one takes the announcement back.
func notice(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", nil
	}
	return typed(s, maxNotice)
}

// calendarDay parses an existing day.
func calendarDay(s string) (string, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errDay
	}
	return s, nil
}

// minutes parses the length of a brown-out.
func minutes(s string) (int, error) {
	n, is := wholeNumber(s)
	if !is || n < 1 || n > maxBrownOut {
		return 0, errMinutes
	}
	return n, nil
}

// decodeStaging parses the stage of a prison.
func decodeStaging(body *bytes.Buffer, id domain.PrisonID) (domain.StagePrison, error) {
	var to strictjson.Field[domain.Stage]
	var why strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "stage":
			return strictjson.Text(d, &to, stage)
		case keyReason:
			return strictjson.Text(d, &why, whyChanged)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, to, "stage")
		strictjson.Need(d, why, keyReason)
	})
	return domain.StagePrison{PrisonID: id, Stage: to.Value, Reason: why.Value}, d.Result(err)
}

// decodeAnnouncement parses an announcement. Only one that has a text needs a day.
func decodeAnnouncement(body *bytes.Buffer, id domain.PrisonID) (domain.AnnouncePrison, error) {
	var from, text, why strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "from":
			return strictjson.Text(d, &from, calendarDay)
		case "text":
			return strictjson.Text(d, &text, notice)
		case keyReason:
			return strictjson.Text(d, &why, whyChanged)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, text, "text")
		strictjson.Need(d, why, keyReason)
		if text.Value != "" {
			strictjson.Need(d, from, "from")
		}
	})
	command := domain.AnnouncePrison{PrisonID: id, Text: text.Value, Reason: why.Value}
	if text.Value != "" {
		command.From = from.Value
	}
	return command, d.Result(err)
}

// switching are the fields of every switch.
type switching struct {
	on, force strictjson.Field[bool]
	why       strictjson.Field[string]
	minutes   strictjson.Field[int]
}

// decodeSwitch parses a switch. force and minutes are read for those that have them.
func decodeSwitch(body *bytes.Buffer, hasForce, hasMinutes bool) (switching, error) {
	var s switching
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch {
		case name == "on":
			return strictjson.Flag(d, &s.on)
		case name == keyReason:
			return strictjson.Text(d, &s.why, whyChanged)
		case name == "force" && hasForce:
			return strictjson.Flag(d, &s.force)
		case name == "minutes" && hasMinutes:
			return strictjson.Number(d, &s.minutes, minutes)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, s.on, "on")
		strictjson.Need(d, s.why, keyReason)
		if s.on.Value && s.minutes.Given {
			d.FaultIn("minutes", "must not be given with on")
		}
	})
	return s, d.Result(err)
}

// decodeInbound parses the switch of inbound.
func decodeInbound(body *bytes.Buffer) (domain.SwitchInbound, error) {
	s, err := decodeSwitch(body, true, false)
	return domain.SwitchInbound{On: s.on.Value, Force: s.force.Value, Reason: s.why.Value}, err
}

// decodeOutbound parses the switch of outbound.
func decodeOutbound(body *bytes.Buffer) (domain.SwitchOutbound, error) {
	s, err := decodeSwitch(body, false, false)
	return domain.SwitchOutbound{On: s.on.Value, Reason: s.why.Value}, err
}

// decodeLegacy parses the switch of the legacy list.
func decodeLegacy(body *bytes.Buffer) (domain.SwitchLegacy, error) {
	s, err := decodeSwitch(body, false, true)
	return domain.SwitchLegacy{On: s.on.Value, Minutes: s.minutes.Value, Reason: s.why.Value}, err
}
