package localpg

import (
	"context"
	"time"
)

// Supervise starts the server again whenever it has ended by itself, and returns when
// ctx ends. A server that was restarted by hand is left alone. No other method but DSN
// may be called before Supervise has returned.
func (s *Server) Supervise(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.hasEnded() {
			continue
		}
		s.log.WarnContext(ctx, "Postgres has ended, restarting", "log", s.cluster.logFile)
		s.child = false
		if err := s.boot(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "restart Postgres", "error", err)
		}
	}
}
