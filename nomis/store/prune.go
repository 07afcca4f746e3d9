package store

import (
	"context"
	"fmt"
	"time"
)

// Prune removes messages about prisoners, and copies of purged messages, of before a time:
// at most so many of each. It returns how many it removed of the kind of which there were
// more. Several processes may prune at once.
func (s *Store) Prune(ctx context.Context, before time.Time, most int) (removed int, err error) {
	for _, sql := range []string{
		`DELETE FROM nomis.prisoner_message WHERE (prisoner, received_at, message_id) IN (
			SELECT prisoner, received_at, message_id FROM nomis.prisoner_message WHERE received_at < $1
			ORDER BY received_at, prisoner, message_id LIMIT $2)`,
		`DELETE FROM nomis.purged_message WHERE (queue, message_id, purged_at) IN (
			SELECT queue, message_id, purged_at FROM nomis.purged_message WHERE purged_at < $1
			ORDER BY purged_at, queue, message_id LIMIT $2)`,
	} {
		tag, err := s.pool.Exec(ctx, sql, before, most)
		if err != nil {
			return removed, fmt.Errorf("remove old messages: %w", err)
		}
		removed = max(removed, int(tag.RowsAffected()))
	}
	return removed, nil
}
