package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"nonassociations/cmd/internal/app"
)

// publishParkedCmd is what an operator does with messages that SNS does not take.
type publishParkedCmd struct {
	List  parkedListCmd  `cmd:"" help:"List what is parked, and what was skipped."`
	Retry parkedRetryCmd `cmd:"" help:"Send a refused or failing message once more, now; what stands behind it follows."`
	Skip  parkedSkipCmd  `cmd:"" help:"Never tell a fact; what stands behind it goes on."`
}

type parkedListCmd struct{}

// Help is kong's.
func (parkedListCmd) Help() string {
	return `Example:
  nonassociations publish parked list

refused: SNS calls the message invalid. It waits for retry or skip.
failing: the message fails by itself, while others are taken. It is tried again by itself, with pauses
  that grow to ten minutes; retry does it at once.
blocked: it stands behind one of these in the order of a pair, and goes out by itself, in order.
skipped: it is never sent.
reason is the code of SNS and the place in the message, or why it was skipped. What SNS says beyond
that quotes the message, and is not kept.`
}

// Run is kong's.
func (parkedListCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	parked, err := app.Parked(ctx, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "topic\tevent\tposition\tpairs\tstate\tattempts\tsince\trequest\treason")
	for _, p := range parked {
		pairs := make([]string, len(p.Pairs))
		for i, pair := range p.Pairs {
			pairs[i] = pair.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\t%s\n", p.Topic, p.EventID, p.Position.Uint64(), strings.Join(pairs, ","),
			p.State, p.Attempts, p.Since.UTC().Format(time.RFC3339), p.Request, p.Reason)
	}
	return w.Flush()
}

// parkedOne names a parked fact.
type parkedOne struct {
	Event string `arg:"" placeholder:"EVENT" help:"The event's id."`
	Topic string `default:"domain" enum:"domain,history" help:"Which topic: domain or history."`
}

func (c parkedOne) id() (uuid.UUID, error) {
	id, err := uuid.Parse(c.Event)
	if err != nil {
		return uuid.Nil, fmt.Errorf("%q is not the id of an event", c.Event)
	}
	return id, nil
}

type parkedRetryCmd struct{ parkedOne }

// Help is kong's.
func (parkedRetryCmd) Help() string {
	return `Example:
  nonassociations publish parked retry 7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11

The message is made anew from the log, by the build that publishes, and sent within seconds or when
a publisher runs. If SNS does not take it again, it stays parked.`
}

// Run is kong's.
func (c parkedRetryCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	if err := app.RetryParked(ctx, o, c.Topic, id); err != nil {
		return err
	}
	fmt.Println("it is sent as soon as a publisher hears of it: publish parked list shows how it went")
	return nil
}

type parkedSkipCmd struct {
	parkedOne

	Reason string `required:"" placeholder:"TEXT" help:"Why, for the record."`
}

// Help is kong's.
func (parkedSkipCmd) Help() string {
	return `Example:
  nonassociations publish parked skip 7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11 --reason "told by telephone"

The topic is never told of this fact. The fact itself stays in the log.`
}

// Run is kong's.
func (c parkedSkipCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("--reason must say why")
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	if err := app.SkipParked(ctx, o, c.Topic, id, c.Reason); err != nil {
		return err
	}
	fmt.Println("skipped; what stood behind it goes on")
	return nil
}
