package screens

import (
	"context"
	"strconv"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/screens/govuk"
)

// PairPage shows all that is known of a pair and NOMIS, by numbers alone.
type PairPage struct {
	Heading     string
	None        string // in place of the page
	Refresh     refreshing
	Acts        []govuk.Button
	Ours        *govuk.Table
	NoOurs      string
	Theirs      *govuk.Table
	NoTheirs    string
	Mapping     *govuk.Table // nil: NOMIS never knew a record of the pair
	Plan        planWords
	Differences *govuk.Table // nil: there are none
}

// planWords is what the next turn would do, and what no step may solve.
type planWords struct {
	None     string // why it is not known, or that there is nothing to do
	Steps    []string
	Problems []string
}

// pairPath returns the address of a pair.
func pairPath(pair domain.Pair) string { return numbersPath(pair.Numbers()) }

// numbersPath returns the address of a pair, with its numbers in this order.
func numbersPath(numbers [2]domain.PrisonerNumber) string {
	return operationsPath + "/pairs/" + string(numbers[0]) + "/" + string(numbers[1])
}

// pairOf returns the pair of a path, with its numbers in their order there.
func (v *visit) pairOf() (domain.Pair, [2]domain.PrisonerNumber, error) {
	one, err := v.number("a")
	if err != nil {
		return domain.Pair{}, [2]domain.PrisonerNumber{}, err
	}
	other, err := v.number("b")
	if err != nil {
		return domain.Pair{}, [2]domain.PrisonerNumber{}, err
	}
	pair, err := domain.NewPair(one, other)
	if err != nil {
		return pair, [2]domain.PrisonerNumber{}, notFound()
	}
	return pair, [2]domain.PrisonerNumber{one, other}, nil
}

// pair shows the dossier of a pair.
func (s *Screens) pair(ctx context.Context, v *visit) (answer, error) {
	pair, numbers, err := v.pairOf()
	if err != nil {
		return answer{}, err
	}
	shown := PairPage{Heading: "Pair " + string(numbers[0]) + " and " + string(numbers[1]), Refresh: v.refreshing()}
	if s.operators.Dossiers == nil {
		shown.None = noNOMIS
		return s.operatorPage(ctx, v, "Pair", shown), nil
	}
	reached, err := s.fresh.head(ctx)
	if err != nil {
		return answer{}, unavailable(err, "The log could not be asked.")
	}
	to, err := s.pairMoved(ctx, numbers, reached)
	if err != nil || to != "" {
		return answer{redirect: to}, err
	}
	dossier, err := s.operators.Dossiers.Dossier(ctx, pair)
	if err != nil {
		return answer{}, unavailable(err, "The dossier could not be made.")
	}
	shown.fill(v, dossier)
	shown.Acts = []govuk.Button{{Text: "Synchronise", Hidden: "this pair", Href: numbersPath(numbers) + "/synchronise", Kind: govuk.Secondary}}
	out := s.operatorPage(ctx, v, "Pair", shown)
	out.position = reached
	return out, nil
}

// pairMoved returns the address of a pair with a removed number that has no live record, ""
// for every other pair. Two numbers of one prisoner are no pair, and are shown as asked.
func (s *Screens) pairMoved(ctx context.Context, numbers [2]domain.PrisonerNumber, reached uint64) (string, error) {
	moved := false
	for i, number := range numbers {
		found, err := s.reads.OfPrisoner(ctx, number, reached)
		if err != nil {
			return "", err
		}
		if found.Survivor != "" {
			numbers[i], moved = found.Survivor, true
		}
	}
	if !moved || numbers[0] == numbers[1] {
		return "", nil
	}
	return numbersPath(numbers), nil
}

// fill takes over what a dossier has.
func (p *PairPage) fill(v *visit, d nomis.Dossier) {
	p.Ours, p.NoOurs = oursTable(v, d), "This service holds nothing of the pair."
	switch {
	case !d.Theirs.Read:
		p.NoTheirs = "NOMIS could not be read. " + d.Theirs.Why
	case len(d.Theirs.Forwards)+len(d.Theirs.Backwards) == 0:
		p.NoTheirs = joined("NOMIS holds nothing of the pair.", d.Theirs.Why)
	default:
		p.Theirs = theirsTable(d.Theirs)
	}
	p.Mapping, p.Plan = mappingTable(v, d.Mapping), planOf(d)
	if len(d.Differences) > 0 {
		p.Differences = differencesTable(v, d.Differences)
	}
}

// planOf returns the plan of a dossier in words.
func planOf(d nomis.Dossier) planWords {
	if d.Plan == nil {
		return planWords{None: "The plan is not known, because NOMIS could not be read. " + d.Theirs.Why}
	}
	var words planWords
	if len(d.Plan.Steps) == 0 && len(d.Plan.Problems) == 0 {
		words.None = "There is nothing to do."
	}
	if len(d.Plan.Steps) > 0 {
		words.Steps = stepLines(d.Plan.Steps)
	}
	for _, problem := range d.Plan.Problems {
		words.Problems = append(words.Problems, problemWords(problem))
	}
	return words
}

func problemWords(p reconcile.Problem) string { return string(p.Kind) + ". " + p.Why }

// planOfPair asks for the plan of a pair. What cannot be asked is said so.
func (s *Screens) planOfPair(ctx context.Context, v *visit, pair domain.Pair) planWords {
	if s.operators.Dossiers == nil {
		return planWords{None: noNOMIS}
	}
	dossier, err := s.operators.Dossiers.Dossier(ctx, pair)
	if err != nil {
		s.logger.WarnContext(ctx, "page without a plan", "requestId", v.id, "error", err)
		return planWords{None: "The plan could not be asked for."}
	}
	return planOf(dossier)
}

// oursTable has the records of this service; nil without any.
func oursTable(v *visit, d nomis.Dossier) *govuk.Table {
	if len(d.Ours) == 0 {
		return nil
	}
	table := &govuk.Table{
		ID: "ours", Caption: "This service", Size: "m", Scrolls: true, RowHeader: true, Head: []govuk.Header{{Text: "Record"}, {Text: "State"}},
	}
	fields := domain.DetailFields(d.Pair)
	for _, field := range fields {
		table.Head = append(table.Head, govuk.Header{Text: fieldWords(field)})
	}
	table.Head = append(table.Head, govuk.Header{Text: "Sequence"}, govuk.Header{Text: "In NOMIS"})
	for _, record := range d.Ours {
		state := "Open"
		switch {
		case record.Delivery.Deleted:
			state = "Deleted"
		case record.Closed:
			state = "Closed"
		}
		row := govuk.Row{ID: record.ID.String(), Cells: []govuk.Cell{{Text: record.ID.String()}, {Text: state}}}
		for _, field := range fields {
			cell := sideCell(&record.Detail, field)
			cell.Lines = field == domain.DetailComment // each column of lines is wide
			row.Cells = append(row.Cells, cell)
		}
		sequence, since := "none", "no"
		if record.Delivery.TypeSequence != nil {
			sequence = strconv.Itoa(*record.Delivery.TypeSequence)
		}
		if at := record.Delivery.DeliveredAt; at != nil {
			since = "since " + govuk.DateTime(at.In(v.now.Location()))
		}
		if record.Delivery.DiffersSince != nil {
			since += ", and differs"
		}
		row.Cells = append(row.Cells, govuk.Cell{Text: sequence}, govuk.Cell{Text: since})
		table.Rows = append(table.Rows, row)
	}
	return table
}

// theirsTable has the rows of both prisoners in NOMIS, as it gives them.
func theirsTable(theirs nomis.DossierTheirs) *govuk.Table {
	table := &govuk.Table{
		ID: "theirs", Caption: "NOMIS", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{
			{Text: "Row of"},
			{Text: "Sequence"},
			{Text: "Reason"},
			{Text: "Reason of the other"},
			{Text: "Type"},
			{Text: "Effective date"},
			{Text: "Expiry date"},
			{Text: "Authorised by"},
			{Text: "Updated by"},
			{Text: "Comment"},
		},
	}
	for _, rows := range [][]nomis.Row{theirs.Forwards, theirs.Backwards} {
		for _, row := range rows {
			comment := optional(row.Comment)
			comment.Lines = true
			table.Rows = append(table.Rows, govuk.Row{Cells: []govuk.Cell{
				{Text: row.OffenderNo},
				{Text: strconv.Itoa(row.TypeSequence)},
				{Text: row.Reason},
				{Text: row.RecipReason},
				{Text: row.Type},
				{Text: row.EffectiveDate},
				optional(row.ExpiryDate), optional(row.AuthorisedBy),
				{Text: row.UpdatedBy},
				comment,
			}})
		}
	}
	return table
}

func optional(text *string) govuk.Cell {
	if text == nil {
		return govuk.Cell{Text: "none"}
	}
	return govuk.Cell{Text: *text}
}

// mappingTable has the times in which NOMIS knew a record by a sequence; nil without any.
func mappingTable(v *visit, periods []domain.MappingPeriod) *govuk.Table {
	if len(periods) == 0 {
		return nil
	}
	table := &govuk.Table{
		ID: "mapping", Caption: "Sequences of NOMIS", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Record"}, {Text: "Sequence"}, {Text: "Since"}, {Text: "Until"}},
	}
	for _, p := range periods {
		until := "now"
		if !p.Until.IsZero() {
			until = govuk.DateTime(p.Until.In(v.now.Location()))
		}
		table.Rows = append(table.Rows, govuk.Row{Cells: []govuk.Cell{
			{Text: p.ID.String()}, {Text: strconv.Itoa(p.TypeSequence)}, {Text: govuk.DateTime(p.Since.In(v.now.Location()))}, {Text: until},
		}})
	}
	return table
}
