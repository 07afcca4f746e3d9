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

	"nonassociations/cmd/service"
)

// publishParkedCmd is what an operator does with messages that SNS refused.
type publishParkedCmd struct {
	List  parkedListCmd  `cmd:"" help:"List what lies on the desk, and what was dropped."`
	Retry parkedRetryCmd `cmd:"" help:"Send a refused message once more; what waits behind it follows."`
	Drop  parkedDropCmd  `cmd:"" help:"Never tell a fact; what waits behind it goes on."`
}

type parkedListCmd struct{}

// Help is kong's.
func (parkedListCmd) Help() string {
	return `Example:
  nonassociations publish parked list

A refused message waits for retry or drop. The held ones behind it go out by themselves, in order.`
}

// Run is kong's.
func (parkedListCmd) Run(ctx context.Context) error {
	o, err := options(service.Roles{})
	if err != nil {
		return err
	}
	parked, err := service.Parked(ctx, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "topic\tevent\tposition\tpairs\tstate\ttries\tsince\twish\treason")
	for _, p := range parked {
		pairs := make([]string, len(p.Pairs))
		for i, pair := range p.Pairs {
			pairs[i] = pair.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\t%s\n", p.Topic, p.EventID, p.Position.Outside(), strings.Join(pairs, ","),
			p.State, p.Refusals, p.Since.UTC().Format(time.RFC3339), p.Wish, p.Reason)
	}
	return w.Flush()
}

// parkedOne names a fact on the desk.
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
a publisher runs. If SNS refuses it again, it waits again.`
}

// Run is kong's.
func (c parkedRetryCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	o, err := options(service.Roles{})
	if err != nil {
		return err
	}
	if err := service.RetryParked(ctx, o, c.Topic, id); err != nil {
		return err
	}
	fmt.Println("it is sent as soon as a publisher hears of it: publish parked list shows how it went")
	return nil
}

type parkedDropCmd struct {
	parkedOne

	Reason string `required:"" placeholder:"TEXT" help:"Why, for the record."`
}

// Help is kong's.
func (parkedDropCmd) Help() string {
	return `Example:
  nonassociations publish parked drop 7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11 --reason "told by telephone"

The topic is never told of this fact. The fact itself stays in the log.`
}

// Run is kong's.
func (c parkedDropCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("--reason must say why")
	}
	o, err := options(service.Roles{})
	if err != nil {
		return err
	}
	if err := service.DropParked(ctx, o, c.Topic, id, c.Reason); err != nil {
		return err
	}
	fmt.Println("dropped; what waited behind it goes on")
	return nil
}
