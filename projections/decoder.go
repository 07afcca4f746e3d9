package projections

import (
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// fact is an event of the log with its position. Of the metadata it has what folding
// needs.
type fact = eventstore.Fact

// decoder decodes events of the log. Every stream of ours belongs to a pair or to a
// prisoner number; an event of any other stream is an error, which stops the
// projection.
type decoder struct{ catalogue domain.Catalogue }

func (d decoder) decode(recorded eventstore.RecordedEvent) (*fact, error) {
	f, err := eventstore.ReadFolded(d.catalogue, recorded)
	if err != nil {
		return nil, err
	}
	if recorded.Position.Commit == 0 {
		return nil, fmt.Errorf("event %s has no position", recorded.ID)
	}
	return &f, nil
}
