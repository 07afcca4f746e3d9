package screens

import (
	"fmt"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// file returns a list as a file.
func (l listing) file() (*file, error) {
	header := strings.Split("Prison number,Last name,First name,Establishment,Location,Reason,Role,Other role,Where to keep apart,NOMIS type,Comments,Date added,Last updated,Date closed,Closed by,Id,Position", ",")
	var rows [][]string
	for _, g := range l.groups {
		for _, r := range g.rows {
			rows = append(rows, l.cells(r))
		}
	}
	return csvFile(fmt.Sprintf("non-associations-%s-%s.csv", l.key.Number, l.kind.word), header, rows)
}

// cells returns one line of the file. It is about the other prisoner; the role is the key
// prisoner's.
func (l listing) cells(r listRow) []string {
	n := r.record
	closed := ""
	if n.ExpiryDate != nil && l.kind.closed {
		closed = isoDay(*n.ExpiryDate)
	}
	comment := ""
	if n.Comment != nil {
		comment = *n.Comment
	}
	return []string{
		string(r.Other.Number), govuk.TitleCase(r.Other.LastName), govuk.TitleCase(r.Other.FirstName), r.Establishment, r.Location, r.Reason,
		word(domain.Roles(), r.mine.Role), word(domain.Roles(), n.Sides[r.Other.Number].Role), word(domain.Restrictions(), n.Restriction), nomisType(n.TypeCode),
		comment, isoDay(n.EffectiveDate), n.UpdatedAt.In(l.london).Format("2006-01-02"), closed, n.ClosedBy, n.ID.String(), strconv.FormatUint(l.records.Position, 10),
	}
}

// isoDay returns the day of a local time, 2023-07-26.
func isoDay(at domain.LocalDateTime) string { return string(at)[:min(len("2006-01-02"), len(at))] }
