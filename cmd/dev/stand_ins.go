package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/localpg"
)

const audience = "nonassociations"

// standIns are the local replacements for what surrounds the service in production, and
// the environment that points the service at them. It is built before the service
// starts and only read afterwards, except for metrics.
type standIns struct {
	environment   map[string]string
	own           bool   // the issuer is ours, so that tokens can be printed
	queue         string // the URL of the stand-in for merges; "" when there is none
	receivedQueue string // the URL of the queue behind the local topic; "" when there is none
	nomis         string // the URL of the stand-in for NOMIS; "" when there is none
	metrics       string // where the metrics are
	screens       string // the URL of the pages; "" when there are none
	aws           *localaws.Server
	stops         []func(context.Context) error
	stopped       chan time.Time // when the signal to stop came
}

const (
	// stopTimeout bounds the end of a run from the signal on, the service included.
	// Killing Postgres takes the rest of ten seconds, after which process managers send
	// SIGKILL.
	stopTimeout = 8500 * time.Millisecond
	// minStopTime is left to the stand-ins even when the service has used all of
	// stopTimeout.
	minStopTime = 300 * time.Millisecond
)

// startStandIns starts a stand-in for each part that the environment does not name.
// After an error nothing is left running. A variable that is set to the empty string
// counts as not set.
func startStandIns(ctx context.Context, set settings, logger *slog.Logger) (*standIns, error) {
	s := &standIns{environment: app.Environment(), stopped: make(chan time.Time, 1)}
	// All limits of the end count from the signal, not from when the stand-ins are reached.
	context.AfterFunc(ctx, func() { s.stopped <- time.Now() })
	s.environment["LISTEN_ADDR"] = set.address() // loopback, whatever the environment has
	s.setDefault("EVENTSTORE_URL", app.Embedded)
	s.setDefault("EVIDENCE_KEY_FILE", filepath.Join(set.DataDir, "evidence.key"))
	s.setDefault("EVIDENCE_EVERY", "2s")
	s.environment["METRICS_ADDR"] = onLoopback(s.environment["METRICS_ADDR"])
	// Postgres comes first: it takes the longest, and its errors are the likeliest.
	for _, part := range []struct {
		variable string
		start    func(context.Context, settings) error
	}{
		{"DATABASE_URL", func(ctx context.Context, set settings) error { return s.startPostgres(ctx, set, logger) }},
		{"AUTH_ISSUER", s.startIssuer},
		{"PRISONER_SEARCH_URL", s.startDirectory},
		{"PRISONER_EVENTS_QUEUE_URL", s.startQueue},
		{"SNS_TOPIC_ARN", s.startTopic},
		{"WITNESS_URL", s.startEvidence},
		{"NOMIS_API_URL", func(ctx context.Context, set settings) error { return s.startNomis(ctx, set, logger) }},
	} {
		if s.environment[part.variable] != "" {
			continue
		}
		if err := part.start(ctx, set); err != nil {
			s.stop(ctx, logger)
			return nil, err
		}
	}
	return s, nil
}

// anyPort is any free port of loopback.
const anyPort = "127.0.0.1:0"

// onLoopback replaces the host of an address by loopback; "" becomes any free port
// there. A text that is no address is returned unchanged, and the service refuses it.
// It applies to the metrics, which have no authentication.
func onLoopback(address string) string {
	if address == "" {
		return anyPort
	}
	if _, port, err := net.SplitHostPort(address); err == nil {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// setDefault sets a variable that is empty.
func (s *standIns) setDefault(name, value string) {
	if s.environment[name] == "" {
		s.environment[name] = value
	}
}

// startPostgres starts a durable Postgres in the data folder and restarts it when it
// dies. The supervision ends before the server is stopped, else it would restart it.
func (s *standIns) startPostgres(ctx context.Context, set settings, logger *slog.Logger) error {
	server, err := localpg.Start(ctx, localpg.Options{Dir: set.DataDir, Durable: true, Logger: logger})
	if err != nil {
		return err
	}
	if s.environment["DATABASE_URL"], err = server.EnsureDatabase(ctx, "nonassociations"); err != nil {
		s.stops = append(s.stops, server.Stop)
		return err
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		server.Supervise(keeping)
	}()
	s.stops = append(s.stops, func(ctx context.Context) error {
		stop()
		<-kept
		return server.Stop(ctx)
	})
	return nil
}

// startIssuer serves the key set of this folder's token issuer. It also sets
// AUTH_AUDIENCE where the environment has none.
func (s *standIns) startIssuer(ctx context.Context, set settings) error {
	s.setDefault("AUTH_AUDIENCE", audience)
	keys, err := issuer.Open(set.DataDir, s.environment["AUTH_AUDIENCE"])
	if err != nil {
		return err
	}
	server, err := issuer.Serve(ctx, keys)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func(context.Context) error { return server.Stop() })
	s.environment["AUTH_ISSUER"], s.environment["AUTH_JWKS_URL"] = issuer.Name, server.KeysURL()
	s.own = true
	for name, value := range map[string]string{
		"SCREENS_CLIENT_ID": issuer.ClientID, "SCREENS_AUTHORIZE_URL": server.AuthorizeURL(), "SCREENS_TOKEN_URL": server.TokenURL(),
		"SCREENS_SIGN_OUT_URL": server.SignOutURL(),
	} {
		s.setDefault(name, value)
	}
	return nil
}

// stop stops the stand-ins, the last started first, within what is left of stopTimeout
// since the signal. An error is logged and does not keep the others running.
func (s *standIns) stop(ctx context.Context, logger *slog.Logger) {
	until := time.Now().Add(stopTimeout)
	if ctx.Err() != nil {
		until = (<-s.stopped).Add(stopTimeout)
	}
	if least := time.Now().Add(minStopTime); until.Before(least) {
		until = least
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	for _, stop := range slices.Backward(s.stops) {
		if err := stop(ctx); err != nil {
			logger.ErrorContext(ctx, "stop a stand-in", "error", fmt.Sprint(err))
		}
	}
}
