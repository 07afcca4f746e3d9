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

// publishParkedCmd groups an operator's commands for parked messages, the dead letters
// of the publisher.
type publishParkedCmd struct {
	List  parkedListCmd  `cmd:"" help:"List parked and skipped messages."`
	Retry parkedRetryCmd `cmd:"" help:"Send a refused or failing message once more, now; those blocked behind it follow."`
	Skip  parkedSkipCmd  `cmd:"" help:"Never send a message; those blocked behind it are sent."`
}

// parkedListCmd shows the table of parked messages. It holds no content of a
// message, so that its output may go into a ticket.
type parkedListCmd struct{}

// Help shows an example and explains the columns.
func (parkedListCmd) Help() string {
	return `Example:
  nonassociations publish parked list

refused: SNS calls the message invalid. It waits for retry or skip.
failing: the message fails by itself, while others are taken. It is retried automatically, with pauses
  that grow to ten minutes; retry does it at once.
blocked: it comes after one of these in the order of its pair, and is sent in order once that one is.
skipped: it is never sent.
reason is the code of SNS and the part of the message, or why it was skipped. The text of SNS quotes
the message, and is not kept.`
}

// Run prints a table, one line a message, in the order of the log. Times are UTC. A
// request that the publisher has not acknowledged yet is in its own column.
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

// parkedOne are the arguments that name a parked message. The topic belongs to the
// name, because one event can be parked on both topics for different reasons.
type parkedOne struct {
	Event string `arg:"" placeholder:"EVENT" help:"Id of the event, as parked list shows it."`
	Topic string `default:"domain" enum:"domain,history" help:"The topic: domain or history."`
	actFlags
}

// id parses the argument. An error repeats it, since no id of an event is personal
// data.
func (c parkedOne) id() (uuid.UUID, error) {
	id, err := uuid.Parse(c.Event)
	if err != nil {
		return uuid.Nil, fmt.Errorf("%q is not the id of an event", c.Event)
	}
	return id, nil
}

// object names the message in the record of acts.
func (c parkedOne) object(id uuid.UUID) string {
	return "event " + id.String() + " of the " + c.Topic + " topic"
}

// parkedRetryCmd requests one more attempt. Blocked messages cannot be named: they
// follow the one before them.
type parkedRetryCmd struct{ parkedOne }

// Help shows an example.
func (parkedRetryCmd) Help() string {
	return `Example:
  nonassociations publish parked retry 7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11

The running publisher maps the message from the log again and sends it within seconds, or the next
publisher does. If SNS does not take it, it stays parked.`
}

// Run stores the request and does not wait for its result, which depends on a publisher
// that may run elsewhere or not at all. Errors: the event is not parked on the topic,
// or only blocked.
func (c parkedRetryCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	err = c.recorded(ctx, o, app.Act{Action: "publish parked retry", Object: c.object(id)}, func() error {
		return app.RetryParked(ctx, o, c.Topic, id)
	})
	if err != nil {
		return err
	}
	fmt.Println("queued for retry: publish parked list shows the result")
	return nil
}

// parkedSkipCmd gives a message up. There is no way back but publish replay, which
// sends it again to a topic that the operator names.
type parkedSkipCmd struct {
	parkedOne

	Reason string `required:"" placeholder:"TEXT" help:"Reason, kept with the message."`
}

// Help shows an example.
func (parkedSkipCmd) Help() string {
	return `Example:
  nonassociations publish parked skip 7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11 --reason "subscriber informed by telephone"

This message is never sent to the topic. The fact itself stays in the log.`
}

// Run stores the decision. It refuses a blank reason, since the row is the only
// record of why subscribers never got the message.
func (c parkedSkipCmd) Run(ctx context.Context) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("--reason is empty")
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	err = c.recorded(ctx, o, app.Act{Action: "publish parked skip", Object: c.object(id), Reason: c.Reason}, func() error {
		return app.SkipParked(ctx, o, c.Topic, id, c.Reason)
	})
	if err != nil {
		return err
	}
	fmt.Println("skipped: messages blocked behind it are sent")
	return nil
}
