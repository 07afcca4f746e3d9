package eventstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Fact is a fact with its place: what every room makes of a recorded event.
type Fact struct {
	domain.Fact

	Type       string // as it was recorded, which may be that of an older version
	Stream     string
	Pair       domain.Pair // whose stream it is; the zero Pair when it is a prisoner number's
	Revision   uint64      // place in its stream, from 0
	Position   Position    // place in the whole log; the zero Position when the server sent none
	RecordedAt time.Time   // the store's clock
}

// OfPair reports whether the fact is of a pair, not of a prisoner number.
func (f Fact) OfPair() bool { return f.Pair != domain.Pair{} }

// Encode is a fact as the log takes it.
func Encode(fact domain.Fact) Event {
	eventType, data := domain.Encode(fact.Event)
	return Event{ID: fact.ID, Type: eventType, Data: data, Metadata: domain.EncodeMeta(fact.Meta)}
}

// Read is a recorded event as a fact, up-cast to today's version. An error stops
// the reader: no event of a pair may be skipped.
func Read(catalogue domain.Catalogue, recorded RecordedEvent) (Fact, error) {
	fact, err := Decode(catalogue, recorded)
	if err != nil {
		return Fact{}, err
	}
	return placed(fact, recorded)
}

// headerMetadata is the metadata that folding looks at: half of a fact is metadata.
type headerMetadata struct {
	CommandID uuid.UUID     `json:"commandId"`
	Actor     string        `json:"actor"`
	Source    domain.Source `json:"source"`
	DecidedAt time.Time     `json:"decidedAt"`
}

// ReadFolded is Read for a reader that only folds: of the metadata it reads the
// command id, the actor, the source and the time of the decision. It takes a
// tenth less of a replay.
func ReadFolded(catalogue domain.Catalogue, recorded RecordedEvent) (Fact, error) {
	event, meta, err := decode[headerMetadata](catalogue, recorded)
	if err != nil {
		return Fact{}, err
	}
	return placed(domain.Fact{ID: recorded.ID, Event: event, Meta: domain.Meta{
		Cause: domain.Cause{CommandID: meta.CommandID, Actor: meta.Actor, Source: meta.Source}, DecidedAt: meta.DecidedAt,
	}}, recorded)
}

func placed(fact domain.Fact, recorded RecordedEvent) (Fact, error) {
	pair, err := pairOf(recorded.Stream)
	if err != nil {
		return Fact{}, fmt.Errorf("event %s: %w", recorded.ID, err)
	}
	return Fact{fact, recorded.Type, recorded.Stream, pair, recorded.Revision, recorded.Position, recorded.RecordedAt}, nil
}

// pairOf is the pair whose stream it is; the zero Pair when it is a prisoner
// number's.
func pairOf(stream string) (domain.Pair, error) {
	if strings.HasPrefix(stream, domain.StreamPrefix) {
		return domain.ParseStream(stream)
	}
	_, err := domain.ParsePrisonerStream(stream)
	return domain.Pair{}, err
}

// Decode is Read without the place of the fact.
func Decode(catalogue domain.Catalogue, recorded RecordedEvent) (domain.Fact, error) {
	event, meta, err := decode[domain.Meta](catalogue, recorded)
	return domain.Fact{ID: recorded.ID, Meta: meta, Event: event}, err
}

func decode[M any](catalogue domain.Catalogue, recorded RecordedEvent) (event domain.Event, meta M, err error) {
	event, err = catalogue.DecodeWith(unmarshal, recorded.Type, recorded.Data)
	if err != nil {
		return nil, meta, fmt.Errorf("event %s, revision %d of %s: %w", recorded.ID, recorded.Revision, recorded.Stream, err)
	}
	if err := unmarshal(recorded.Metadata, &meta); err != nil {
		return nil, meta, fmt.Errorf("event %s, revision %d of %s: decode metadata: %w", recorded.ID, recorded.Revision, recorded.Stream, err)
	}
	return event, meta, nil
}

// unmarshal takes a third of the time that the standard library takes, and
// whole logs are read with it.
func unmarshal(data []byte, into any) error { return json.Unmarshal(data, into) }
