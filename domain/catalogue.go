package domain

import (
	"encoding/json"
	"fmt"
)

// The types on the wire. A name never changes its meaning: an event that must
// look different gets a new version and an up-cast from the old one.
const (
	TypeOpened           = "nonassociation.opened.v1"
	TypeImported         = "nonassociation.imported.v1"
	TypeAmended          = "nonassociation.amended.v1"
	TypeClosed           = "nonassociation.closed.v1"
	TypeReopened         = "nonassociation.reopened.v1"
	TypeDeleted          = "nonassociation.deleted.v1"
	TypeIgnored          = "nonassociation.ignored.v1"
	TypeSequenceLearned  = "nonassociation.sequence-learned.v1"
	TypeSequenceReleased = "nonassociation.sequence-released.v1"
	TypeDelivered        = "nonassociation.delivered.v1"
	TypeTransferredIn    = "nonassociation.transferred-in.v1"
	TypeTransferredOut   = "nonassociation.transferred-out.v1"
	TypeRestored         = "nonassociation.restored.v1"
	TypeMerged           = "prisoner.merged.v1"
	TypeUnmerged         = "prisoner.unmerged.v1"

	TypePrisonStaged    = "switch-over.prison-staged.v1"
	TypePrisonAnnounced = "switch-over.prison-announced.v1"
	TypeInboundEnded    = "switch-over.inbound-ended.v1"
	TypeInboundResumed  = "switch-over.inbound-resumed.v1"
	TypeOutboundEnded   = "switch-over.outbound-ended.v1"
	TypeOutboundResumed = "switch-over.outbound-resumed.v1"
	TypeLegacyEnded     = "switch-over.legacy-ended.v1"
	TypeLegacyResumed   = "switch-over.legacy-resumed.v1"
)

// Entry describes one current event type.
type Entry struct {
	Type   string
	Doc    string // one line for the catalogue that people read
	decode func(Unmarshal, []byte) (Event, error)
}

// Unmarshal decodes JSON into what a pointer points at, as [json.Unmarshal] does. A
// reader of the whole log passes a faster decoder than the one of the standard library.
type Unmarshal func(data []byte, into any) error

// Upcast converts the data of an old event type into that of the next one and returns
// its type. It must be pure. It is kept for as long as facts are stored, which is
// forever.
type Upcast struct {
	From string
	Next func(Unmarshal, []byte) (eventType string, data []byte, err error)
}

// Catalogue is the set of event types that were ever written: the current ones, and for
// each older one the up-cast to its successor. It is safe for concurrent use.
type Catalogue struct {
	entries map[string]Entry
	order   []string
	upcasts map[string]Upcast
}

// Events returns the catalogue of this service.
func Events() Catalogue {
	return NewCatalogue([]Entry{
		entry[Opened](TypeOpened, "A non-association began, opened by staff or sent by NOMIS."),
		entry[Imported](TypeImported, "The migration took over a non-association with its whole past."),
		entry[Amended](TypeAmended, "Values changed; each with what it was and what it is now."),
		entry[Closed](TypeClosed, "Staff closed it."),
		entry[Reopened](TypeReopened, "Staff reopened it."),
		entry[Deleted](TypeDeleted, "It was deleted: hidden from every read but the history and the subject access request."),
		entry[Ignored](TypeIgnored, "NOMIS sent an item that the record did not take over, and why."),
		entry[SequenceLearned](TypeSequenceLearned, "NOMIS's sequence of a non-association became known."),
		entry[SequenceReleased](TypeSequenceReleased, "NOMIS has no detail of this sequence any more, and may give it to another."),
		entry[Delivered](TypeDelivered, "NOMIS holds this detail, as read back from it."),
		entry[TransferredIn](TypeTransferredIn, "A prisoner's number changed: the non-association arrived in the pair of the new number."),
		entry[TransferredOut](TypeTransferredOut, "A prisoner's number changed: the non-association left the pair of the old number."),
		entry[Restored](TypeRestored, "A deletion or closing by a wrong merge was taken back."),
		entry[PrisonerMerged](TypeMerged, "NOMIS merged a prisoner number into another: the number is removed."),
		entry[PrisonerUnmerged](TypeUnmerged, "A wrong merge was taken back: the number counts again."),
		entry[PrisonStaged](TypePrisonStaged, "A prison moved to another stage of the switch-over from NOMIS."),
		entry[PrisonAnnounced](TypePrisonAnnounced, "Staff of a prison are told about the switch-over, or no longer."),
		entry[InboundEnded](TypeInboundEnded, "NOMIS may change nothing here any more."),
		entry[InboundResumed](TypeInboundResumed, "NOMIS may change records here again."),
		entry[OutboundEnded](TypeOutboundEnded, "Nothing is written to NOMIS any more."),
		entry[OutboundResumed](TypeOutboundResumed, "Changes are written to NOMIS again."),
		entry[LegacyEnded](TypeLegacyEnded, "The legacy list ended, for good or for some minutes."),
		entry[LegacyResumed](TypeLegacyResumed, "The legacy list is answered again."),
	}, upcasts())
}

// NewCatalogue returns a catalogue of the current entries and the up-casts that lead to
// them.
func NewCatalogue(entries []Entry, upcasts []Upcast) Catalogue {
	c := Catalogue{entries: map[string]Entry{}, upcasts: map[string]Upcast{}}
	for _, e := range entries {
		c.entries[e.Type] = e
		c.order = append(c.order, e.Type)
	}
	for _, u := range upcasts {
		c.upcasts[u.From] = u
	}
	return c
}

// Types returns the current event types in the order of the life of a record.
func (c Catalogue) Types() []Entry {
	entries := make([]Entry, 0, len(c.order))
	for _, t := range c.order {
		entries = append(entries, c.entries[t])
	}
	return entries
}

// ErrUnknownType is the error for an event type that the catalogue does not have. A
// reader of the log must stop at it: an event that was skipped would be missing from
// every state.
type ErrUnknownType string

func (e ErrUnknownType) Error() string {
	return fmt.Sprintf("event type %q is not in the catalogue of this build", string(e))
}

// Decode decodes the data of an event, after up-casting it to the current version.
// Errors: [ErrUnknownType], and data that does not fit the type.
func (c Catalogue) Decode(eventType string, data []byte) (Event, error) {
	return c.DecodeWith(json.Unmarshal, eventType, data)
}

// DecodeWith is Decode with another JSON decoder.
func (c Catalogue) DecodeWith(unmarshal Unmarshal, eventType string, data []byte) (Event, error) {
	for {
		if entry, known := c.entries[eventType]; known {
			event, err := entry.decode(unmarshal, data)
			if err != nil {
				return nil, fmt.Errorf("decode %s: %w", eventType, err)
			}
			return event, nil
		}
		upcast, known := c.upcasts[eventType]
		if !known {
			return nil, ErrUnknownType(eventType)
		}
		next, raised, err := upcast.Next(unmarshal, data)
		if err != nil {
			return nil, fmt.Errorf("up-cast %s: %w", eventType, err)
		}
		eventType, data = next, raised
	}
}

// Encode returns the wire type and the data of an event. The same event always gives
// the same bytes, so that a repeated append is identical.
func Encode(event Event) (eventType string, data []byte) {
	return TypeOf(event), plainJSON(event)
}

// TypeOf returns the current wire type of an event. It panics for a type that is not in
// the closed set of events.
func TypeOf(event Event) string {
	switch event.(type) {
	case Opened:
		return TypeOpened
	case Imported:
		return TypeImported
	case Amended:
		return TypeAmended
	case Closed:
		return TypeClosed
	case Reopened:
		return TypeReopened
	case Deleted:
		return TypeDeleted
	case Ignored:
		return TypeIgnored
	case SequenceLearned:
		return TypeSequenceLearned
	case SequenceReleased:
		return TypeSequenceReleased
	case Delivered:
		return TypeDelivered
	case TransferredIn:
		return TypeTransferredIn
	case TransferredOut:
		return TypeTransferredOut
	case Restored:
		return TypeRestored
	case PrisonerMerged:
		return TypeMerged
	case PrisonerUnmerged:
		return TypeUnmerged
	case PrisonStaged:
		return TypePrisonStaged
	case PrisonAnnounced:
		return TypePrisonAnnounced
	case InboundEnded:
		return TypeInboundEnded
	case InboundResumed:
		return TypeInboundResumed
	case OutboundEnded:
		return TypeOutboundEnded
	case OutboundResumed:
		return TypeOutboundResumed
	case LegacyEnded:
		return TypeLegacyEnded
	case LegacyResumed:
		return TypeLegacyResumed
	}
	panic(fmt.Sprintf("event %T has no type on the wire", event)) // a bug: the set of events is closed
}

// EncodeMeta returns the metadata of an event as it is stored. The command is JSON
// already and is appended last, because the JSON package would validate and copy it
// again.
func EncodeMeta(meta Meta) []byte {
	command := meta.Command
	meta.Command = nil
	data := plainJSON(meta)
	if len(command) == 0 {
		return data
	}
	data = append(data[:len(data)-1], `,"command":`...)
	return append(append(data, command...), '}')
}

// DecodeMeta decodes what EncodeMeta returned.
func DecodeMeta(data []byte) (Meta, error) {
	var meta Meta
	if err := json.Unmarshal(data, &meta); err != nil {
		return Meta{}, fmt.Errorf("decode metadata: %w", err)
	}
	return meta, nil
}

// entry describes an event type by its Go type.
func entry[E Event](eventType, doc string) Entry {
	return Entry{Type: eventType, Doc: doc, decode: func(unmarshal Unmarshal, data []byte) (Event, error) {
		var event E
		if err := unmarshal(data, &event); err != nil {
			return nil, err
		}
		if amended, is := any(event).(Amended); is {
			return event, amended.check()
		}
		return event, nil
	}}
}

// check refuses a change that removes a value which every record must have. Folding can
// then rely on the value and never fails.
func (e Amended) check() error {
	for _, c := range e.Changes {
		switch c.Field {
		case FieldAuthorisedBy, FieldComment, FieldExpiryDate:
		case FieldEffectiveDate, FieldReason, FieldReasonCode, FieldRestriction, FieldRole, FieldTypeCode, FieldTypeSequence:
			if c.Now == nil {
				return fmt.Errorf("change of %s to nothing", c.Field)
			}
		default:
			return fmt.Errorf("change of unknown field %q", c.Field)
		}
	}
	return nil
}
