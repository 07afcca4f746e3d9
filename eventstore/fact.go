package eventstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Fact is a decoded event with its place in the log. Commands, projections, the
// publisher and the audit log all read recorded events as facts.
type Fact struct {
	domain.Fact

	// Type is the type as recorded, which may be that of an older version.
	Type   string
	Stream string
	// Pair is the pair of the stream; the zero Pair for the stream of a prisoner number
	// or of the switch-over.
	Pair domain.Pair
	// Revision, Position and RecordedAt are those of RecordedEvent.
	Revision   uint64
	Position   Position
	RecordedAt time.Time
}

// OfPair reports whether the fact belongs to a pair, and not to a prisoner number or to
// the switch-over.
func (f Fact) OfPair() bool { return f.Pair != domain.Pair{} }

// Encode returns the event to append for a fact.
func Encode(fact domain.Fact) Event {
	eventType, data := domain.Encode(fact.Event)
	return Event{ID: fact.ID, Type: eventType, Data: data, Metadata: domain.EncodeMeta(fact.Meta)}
}

// Read decodes a recorded event as a fact, up-cast to the current version. On an
// error the reader must stop: no event of a pair may be skipped, because later ones
// depend on it.
func Read(catalogue domain.Catalogue, recorded RecordedEvent) (Fact, error) {
	fact, err := Decode(catalogue, recorded)
	if err != nil {
		return Fact{}, err
	}
	return placed(fact, recorded)
}

// headerMetadata is the part of the metadata that folding needs.
type headerMetadata struct {
	CommandID     uuid.UUID     `json:"commandId"`
	CorrelationID uuid.UUID     `json:"correlationId"`
	Actor         string        `json:"actor"`
	Source        domain.Source `json:"source"`
	DecidedAt     time.Time     `json:"decidedAt"`
	TraceParent   string        `json:"traceparent"`
}

// ReadFolded is Read for a reader that only folds. Of the metadata it decodes the
// command id, the correlation id, the actor, the source, the time of the decision and the
// trace parent. Half of a stored
// fact is metadata, and a replay takes a tenth less time this way.
func ReadFolded(catalogue domain.Catalogue, recorded RecordedEvent) (Fact, error) {
	event, meta, err := decode[headerMetadata](catalogue, recorded)
	if err != nil {
		return Fact{}, err
	}
	return placed(domain.Fact{ID: recorded.ID, Event: event, Meta: domain.Meta{
		Cause:     domain.Cause{CommandID: meta.CommandID, CorrelationID: meta.CorrelationID, Actor: meta.Actor, Source: meta.Source},
		DecidedAt: meta.DecidedAt, TraceParent: meta.TraceParent,
	}}, recorded)
}

// placed adds the place of the recorded event to a fact.
func placed(fact domain.Fact, recorded RecordedEvent) (Fact, error) {
	pair, err := PairOf(recorded.Stream)
	if err != nil {
		return Fact{}, fmt.Errorf("event %s: %w", recorded.ID, err)
	}
	return Fact{fact, recorded.Type, recorded.Stream, pair, recorded.Revision, recorded.Position, recorded.RecordedAt}, nil
}

// PairOf returns the pair of a stream; the zero Pair for one of a prisoner number and
// for that of the switch-over. Any other stream is an error.
func PairOf(stream string) (domain.Pair, error) {
	if strings.HasPrefix(stream, domain.StreamPrefix) {
		return domain.ParseStream(stream)
	}
	if stream == domain.SwitchOverStream {
		return domain.Pair{}, nil
	}
	_, err := domain.ParsePrisonerStream(stream)
	return domain.Pair{}, err
}

// Decode is Read without the place of the fact. It accepts events of any stream.
func Decode(catalogue domain.Catalogue, recorded RecordedEvent) (domain.Fact, error) {
	event, meta, err := decode[domain.Meta](catalogue, recorded)
	return domain.Fact{ID: recorded.ID, Meta: meta, Event: event}, err
}

// decode decodes the data by the catalogue and the metadata into M.
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

// unmarshal uses the experimental JSON package, which takes a third of the standard
// library's time: whole logs are decoded with it.
func unmarshal(data []byte, into any) error { return json.Unmarshal(data, into) }
