package nomis

import (
	"fmt"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// The event types that name a pair: our own domain events and NOMIS's.
const (
	ourCreated     = "prisoner.non-associations.created"
	ourAmended     = "prisoner.non-associations.amended"
	detailUpserted = "NON_ASSOCIATION_DETAIL-UPSERTED"
	detailDeleted  = "NON_ASSOCIATION_DETAIL-DELETED"
)

// doorbell is what a message asks for: pairs to compare. Nothing else in it is
// believed.
type doorbell struct {
	rings   []store.Ring
	ignored string // why nothing is to be done; "" when there is
}

// parseDoorbell reads a message as [parse] does. An event of another type rings
// nothing. Errors do not quote the message, because it is about people.
func parseDoorbell(body, fallbackID string) (doorbell, error) {
	d, err := unwrap(body, fallbackID)
	switch d.kind {
	case "":
		return doorbell{}, err
	case ourCreated, ourAmended:
		if err == nil {
			return d.ours()
		}
	case detailUpserted, detailDeleted:
		if err == nil {
			return d.theirs()
		}
	default:
		return doorbell{ignored: notHandled}, nil
	}
	return doorbell{}, err
}

// ours reads a domain event of this service. What NOMIS told needs no comparison. A
// missing source counts as ours. After a renumbering both pairs are compared.
func (d delivery) ours() (doorbell, error) {
	in, err := d.event.object("additionalInformation")
	if err != nil {
		return doorbell{}, err
	}
	source, err := in.text("source")
	if err != nil {
		return doorbell{}, err
	}
	if source == string(domain.NOMIS) {
		return doorbell{ignored: "its source is NOMIS"}, nil
	}
	people, err := d.event.people()
	if err != nil {
		return doorbell{}, err
	}
	if len(people) != 2 {
		return doorbell{}, fmt.Errorf("personReference names %d prisoners", len(people))
	}
	bell := d.rings(store.OurEvent, people[0], people[1], 0)
	if in.textOrEmpty("previousPrisonerNumber") == "" {
		return bell, nil
	}
	previous, err := in.number("previousPrisonerNumber")
	if err != nil {
		return doorbell{}, err
	}
	other, err := in.number("otherPrisonerNumber")
	if err != nil {
		return doorbell{}, err
	}
	bell.rings = append(bell.rings, d.rings(store.OurEvent, previous, other, 0).rings...)
	return bell, nil
}

// theirs reads a change event of NOMIS. A deletion without a sequence rings, and is
// evidence of nothing.
func (d delivery) theirs() (doorbell, error) {
	one, err := d.event.number("offenderIdDisplay")
	if err != nil {
		return doorbell{}, err
	}
	other, err := d.event.number("nsOffenderIdDisplay")
	if err != nil {
		return doorbell{}, err
	}
	if d.kind == detailUpserted {
		return d.rings(store.NOMISUpserted, one, other, 0), nil
	}
	sequence, err := d.event.count("typeSeq")
	if err != nil {
		return doorbell{}, err
	}
	return d.rings(store.NOMISDeleted, one, other, sequence), nil
}

// rings returns the ring for one pair, and none for a prisoner alone.
func (d delivery) rings(kind store.CauseKind, one, other domain.PrisonerNumber, deleted int) doorbell {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		return doorbell{ignored: "both numbers are the same"}
	}
	cause := store.Cause{Kind: kind, ID: d.id.String(), Trace: d.trace()}
	return doorbell{rings: []store.Ring{{Pair: pair, Cause: cause, Deleted: deleted}}}
}
