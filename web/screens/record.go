package screens

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/queries"
	"nonassociations/web/outage"
	"nonassociations/web/screens/govuk"
)

// oneRecord is one non-association as a page needs it, seen from the key prisoner.
type oneRecord struct {
	queries.Record

	key, other person
	everybody  people
	position   uint64 // that the record reflects
}

// closed reports whether the record is closed on a day.
func (r oneRecord) closed(today string) bool { return r.NonAssociation.IsClosed(today) }

// pairOf returns the two prisoners, the key prisoner first.
func (r oneRecord) pairOf() []domain.PrisonerNumber {
	return []domain.PrisonerNumber{r.key.Number, r.other.Number}
}

// record is the page of one non-association.
func (s *Screens) recordPage(ctx context.Context, v *visit) (answer, error) {
	number, err := v.number("pn")
	if err != nil {
		return answer{}, err
	}
	out := answer{subjects: []domain.PrisonerNumber{number}, title: recordTitle}
	id, err := v.recordID()
	if err != nil {
		return out, err
	}
	save := s.afterSave(ctx, v)
	of, survivor, err := s.readRecord(ctx, number, id, save.atLeast)
	switch {
	case isBehind(err) && save != (afterSave{}):
		return saving(v, out, "Non-association"), nil
	case err != nil:
		return out, err
	case survivor != "":
		out.redirect = movedTo(v.request, number, survivor)
		return out, nil
	}
	out.subjects = of.pairOf()
	delivery, err := s.deliveryOf(ctx, &of, domain.Today(v.now))
	if err != nil {
		return out, err
	}
	happened, err := s.happenedTo(ctx, of)
	if err != nil {
		return out, err
	}
	out.position = of.position
	out.saved = s.saved(ctx, v, save, of.key, []string{of.Pair.Stream()})
	out.page = s.recordAsPage(v, of, delivery, happened)
	out.crumbs = s.crumbsTo(v, of.key, listKindOf(of.closed(domain.Today(v.now))))
	out.warnings = slices.Concat(v.caseloadWarnings(), of.everybody.warnings())
	return out, s.warnOfMerge(ctx, v, number, &out)
}

// readRecord reads a record of a prisoner with the people on it. It is not found only
// after the whole log has been applied. Of a removed number under which no live record
// stands it returns the number that survives.
func (s *Screens) readRecord(ctx context.Context, number domain.PrisonerNumber, id uuid.UUID, least uint64) (of oneRecord, survivor domain.PrisonerNumber, err error) {
	found, err := s.reads.One(ctx, id, least)
	if err == nil && !isOf(found, number) {
		found, survivor, err = s.readAgain(ctx, number, id, least)
	}
	switch {
	case err != nil || survivor != "":
		return oneRecord{}, survivor, err
	case !isOf(found, number):
		return oneRecord{}, "", notFound()
	}
	of = oneRecord{Record: found.Records[0], position: found.Position}
	other := of.Pair.Other(number)
	if of.everybody, err = s.find(ctx, []domain.PrisonerNumber{number, other}); err != nil {
		return oneRecord{}, "", err
	}
	of.key, of.other = of.everybody.of(number), of.everybody.of(other)
	return of, "", nil
}

// isOf reports whether records are the one of a prisoner.
func isOf(found queries.Records, number domain.PrisonerNumber) bool {
	return len(found.Records) == 1 && found.Records[0].Pair.Has(number)
}

// readAgain reads a record that the prisoner does not seem to have, after the whole log
// has been applied.
func (s *Screens) readAgain(ctx context.Context, number domain.PrisonerNumber, id uuid.UUID, least uint64) (found queries.Records, survivor domain.PrisonerNumber, err error) {
	head, err := s.reachHead(ctx)
	if err != nil {
		return found, "", err
	}
	if found, err = s.reads.One(ctx, id, max(head, least)); err != nil || isOf(found, number) {
		return found, "", err
	}
	list, err := s.reads.OfPrisoner(ctx, number, found.Position)
	return found, list.Survivor, err
}

// reachHead waits until the read model reflects the log as of this call, and returns its
// head. A read that must miss nothing asks for at least the head.
func (s *Screens) reachHead(ctx context.Context) (uint64, error) {
	head, err := s.head(ctx)
	if err != nil {
		return 0, unavailable(err)
	}
	return head, s.reads.WaitFor(ctx, head)
}

// maxReadings bounds how often a page reads a record that changes while it is read.
const maxReadings = 5

// deliveryOf returns where a record stands with NOMIS. What it says is about the values of
// the record that the page shows: when these change meanwhile, the record is read again.
func (s *Screens) deliveryOf(ctx context.Context, of *oneRecord, today string) (nomis.Delivery, error) {
	id := of.NonAssociation.ID
	for range maxReadings {
		found, err := s.reads.Delivery(ctx, id, of.position)
		if err != nil {
			return nomis.Delivery{}, err
		}
		again, err := s.reads.One(ctx, id, found.Position)
		switch {
		case err != nil:
			return nomis.Delivery{}, err
		case len(found.Deliveries) == 0 || len(again.Records) == 0 || again.Records[0].Pair != of.Pair:
			return nomis.Delivery{}, notFound() // deleted or moved this moment
		case again.Records[0].NonAssociation.LastEventID == of.NonAssociation.LastEventID:
			return s.withFindings(ctx, found.Deliveries[0], today)
		}
		of.Record, of.position = again.Records[0], again.Position
	}
	return nomis.Delivery{}, queries.ErrBehind
}

// withFindings adds what the comparison with NOMIS has found.
func (s *Screens) withFindings(ctx context.Context, d queries.Delivery, today string) (nomis.Delivery, error) {
	var findings nomis.Findings
	if s.problems != nil {
		sequence := 0
		if d.TypeSequence != nil {
			sequence = *d.TypeSequence
		}
		var err error
		if findings, err = s.problems.OfRecord(ctx, d.Pair, d.NonAssociationID, sequence); err != nil {
			return nomis.Delivery{}, unavailable(err)
		}
	}
	return nomis.DeliveryOf(d, findings, today), nil
}

// happened is the timeline of a record as far as the page shows the record.
type happened struct {
	entries []audit.TimelineEntry // newest first
	away    bool                  // the log does not answer
}

// happenedTo returns the timeline of a record. Facts after the position of the record are
// left out, so that the two agree. A log that does not answer costs the timeline alone.
func (s *Screens) happenedTo(ctx context.Context, of oneRecord) (happened, error) {
	entries, err := s.audit.TimelineOfRecord(ctx, []string{of.Pair.Stream()}, of.NonAssociation.ID)
	if err != nil && outage.Passes(err) {
		return happened{away: true}, ctx.Err()
	}
	return happened{entries: slices.DeleteFunc(entries, func(e audit.TimelineEntry) bool {
		at := e.Position()
		return at != nil && *at > of.position
	})}, err
}

// by returns who added the record, as far as the log says: the user of a migration did not
// add what it took over.
func (h happened) by() string {
	for _, e := range slices.Backward(h.entries) {
		switch e.Act {
		case audit.Added:
			return e.Fact.Meta.Actor
		case audit.Migrated:
			return ""
		default:
		}
	}
	return ""
}

// warnings says that names are missing.
func (p people) warnings() []govuk.Warning {
	if !p.away {
		return nil
	}
	return []govuk.Warning{{Text: "Names and locations are missing. The list itself is complete."}}
}
