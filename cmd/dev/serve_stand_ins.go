package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"nonassociations/cmd/internal/app"
)

// standInsCmd runs the stand-ins alone, for a service that runs in other processes.
type standInsCmd struct {
	Host string `env:"STAND_INS_HOST" default:"127.0.0.1" help:"Address that they are reached at. They have no TLS, and whoever reaches them may do everything."`
	At   uint16 `env:"STAND_INS_PORT" default:"8081" help:"The first of four ports: the issuer, the directory, SNS and SQS, NOMIS."`
}

// Help returns the examples that kong prints below the options.
func (standInsCmd) Help() string {
	return `Example:
  DATABASE_URL=postgres://… dev stand-ins --host 0.0.0.0

deploy/compose.yaml runs it beside the real roles, which have no stand-in in them. DATABASE_URL is the Postgres of
NOMIS's own rows, and no database of the service.`
}

// Run serves until the process is stopped. Each stand-in stays on loopback, at a port of its
// own, and a forwarder leads there.
func (c standInsCmd) Run(ctx context.Context, set settings) error {
	set, err := set.withFolder()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level(set), ReplaceAttr: app.MaskAttr}))
	set.Port = 0 // NOMIS takes any port
	local, err := startStandIns(ctx, set, logger)
	if err != nil {
		return err
	}
	defer local.stop(ctx, logger)
	group, ctx := errgroup.WithContext(ctx)
	for i, part := range local.parts() {
		from := net.JoinHostPort(c.Host, strconv.Itoa(int(c.At)+i))
		to, err := url.Parse(part.address)
		if err != nil || to.Host == "" {
			return fmt.Errorf("%s has no stand-in here: its variable is set", part.name)
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", from)
		if err != nil {
			return fmt.Errorf("listen for %s: %w", part.name, err)
		}
		group.Go(func() error { return forward(ctx, listener, to.Host) })
		fmt.Printf("%s at http://%s\n", part.name, listener.Addr())
	}
	fmt.Println("ready")
	return group.Wait()
}

// part is a stand-in that other processes reach.
type part struct{ name, address string }

// parts are the stand-ins in the order of their ports.
func (s *standIns) parts() []part {
	queues := ""
	if s.aws != nil {
		queues = s.aws.URL()
	}
	return []part{
		{"the issuer", s.environment["AUTH_JWKS_URL"]},
		{"the directory", s.environment["PRISONER_SEARCH_URL"]},
		{"SNS and SQS", queues},
		{"NOMIS", s.environment["NOMIS_API_URL"]},
	}
}

// forward connects whoever calls the listener with an address, until ctx ends. It returns
// when every connection is closed.
func forward(ctx context.Context, listener net.Listener, to string) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		caller, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a caller of a stand-in: %w", err)
		}
		open.Go(func() { join(ctx, caller, to) })
	}
}

// join copies in both directions until both sides have ended, or ctx.
func join(ctx context.Context, caller net.Conn, to string) {
	called, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		_ = caller.Close()
		return
	}
	closeBoth := func() { _ = errors.Join(caller.Close(), called.Close()) } // either may be closed already
	defer closeBoth()
	defer context.AfterFunc(ctx, closeBoth)()
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{caller, called}, {called, caller}} {
		copying.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // an end in the middle is the other side's to notice
			if half, can := way[0].(*net.TCPConn); can {
				_ = half.CloseWrite()
			}
		})
	}
	copying.Wait()
}
