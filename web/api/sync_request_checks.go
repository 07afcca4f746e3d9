package api

import (
	"errors"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/strictjson"
)

// errPrecision is the detail of a fault of datePrecision.
var errPrecision = errors.New("must be " + string(domain.Day))

// parsePrecision parses datePrecision, whose only value is DAY.
func parsePrecision(s string) (domain.Precision, error) {
	if s != string(domain.Day) {
		return "", errPrecision
	}
	return domain.Day, nil
}

// checkDays adds a fault for a time of day from a caller that declares days only.
func (i *rawSyncItem) checkDays(d *strictjson.Decoder) {
	// A sender that knows days only must not send a time by accident: it would be
	// stored as a time that was known, and would decide the order of records.
	if i.precision.Value != domain.Day {
		return
	}
	midnight := func(date strictjson.Field[domain.LocalDateTime], name string) {
		if date.Given && !date.Value.IsMidnight() {
			d.FaultIn(name, "must have the time 00:00:00 when datePrecision is DAY")
		}
	}
	midnight(i.effective, "effectiveDate")
	midnight(i.expiry, "expiryDate")
}

// checkNames adds a fault for an id or a sequence that two items of one pair name:
// they cannot both be that record.
func checkNames(d *strictjson.Decoder, raw []rawSyncItem) {
	// Most requests hold one item, and need no map.
	if len(raw) < 2 {
		return
	}
	type name struct {
		other    domain.PrisonerNumber
		id       uuid.UUID
		sequence int
	}
	named := make(map[name]bool)
	once := func(n name, at int, key string) {
		if named[n] {
			d.FaultAt("/nonAssociations/"+strconv.Itoa(at)+"/"+key, "must be named by one item of the pair")
		}
		named[n] = true
	}
	for at := range raw {
		i := &raw[at]
		if !i.other.Given {
			continue
		}
		if i.id.Value != uuid.Nil {
			once(name{other: i.other.Value, id: i.id.Value}, at, "id")
		}
		if i.typeSequence.Given {
			once(name{other: i.other.Value, sequence: i.typeSequence.Value}, at, "typeSequence")
		}
	}
}
