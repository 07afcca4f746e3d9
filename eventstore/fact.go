package eventstore

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
)

// Encode is a fact as the log takes it.
func Encode(fact domain.Fact) Event {
	eventType, data := domain.Encode(fact.Event)
	return Event{ID: fact.ID, Type: eventType, Data: data, Metadata: domain.EncodeMeta(fact.Meta)}
}

// Decode reads a fact as the log gave it, up-cast to today's version. An error
// stops the reader: no event of a pair may be skipped.
func Decode(catalogue domain.Catalogue, recorded Recorded) (domain.Fact, error) {
	event, meta, err := DecodeWith[domain.Meta](catalogue, recorded)
	return domain.Fact{ID: recorded.ID, Meta: meta, Event: event}, err
}

// DecodeWith is Decode for whoever needs no more of the metadata than M has:
// half of a fact is metadata.
func DecodeWith[M any](catalogue domain.Catalogue, recorded Recorded) (event domain.Event, meta M, err error) {
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
