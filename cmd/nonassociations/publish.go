package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// publishCmd has the publisher and its operators' commands.
type publishCmd struct {
	Run    publishRunCmd    `cmd:"" default:"1" help:"Publish to SNS until the process is stopped."`
	Status publishStatusCmd `cmd:"" help:"Show how far each topic is."`
	Parked publishParkedCmd `cmd:"" help:"List, retry or skip parked messages."`
	Replay publishReplayCmd `cmd:"" help:"Publish a range of the log again, for a consumer that has lost messages."`
}

// publishRunCmd is what plain "publish" runs: the publishers of the configured
// topics and nothing else of the service.
type publishRunCmd struct{}

// Help shows an example and the variables.
func (publishRunCmd) Help() string {
	return `Example:
  nonassociations publish

Publishes every change to SNS_TOPIC_ARN. HISTORY_TOPIC_ARN, if set, gets every fact with its state
before and after. PUBLIC_URL is the base of detailUrl, and the AWS_ variables are the standard ones.
Any number may run: for each topic one works, the others wait and take over within seconds.
LISTEN_ADDR, if set, serves /health and, unless METRICS_ADDR is set, /metrics. Faults of a topic are
retried for ever. A message that SNS calls invalid, or that fails by itself while others are taken, is
parked, and holds up only the later messages of its own pair.`
}

// Run publishes until the process is stopped. An error means a fault of the
// configuration, a missing right, or a checkpoint of another log.
func (publishRunCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Publish: true})
}

// publishStatusCmd reads the checkpoints from Postgres and counts the log behind
// them. It needs no running publisher and does not ask one.
type publishStatusCmd struct{}

// Help shows an example and explains the columns.
func (publishStatusCmd) Help() string {
	return `Example:
  nonassociations publish status

behind counts the facts after the topic's checkpoint, private ones included; lag is the age of the
oldest of them. refused are messages that SNS calls invalid: they wait for parked retry or skip.
failing are those that fail by themselves: they are retried automatically. blocked come after these in
their pairs, and skipped are never sent.`
}

// Run prints a table, one line a topic. An error of the log or of Postgres ends it
// without a table: half a table could be read as a healthy topic. behind ends in +
// where counting stopped at its bound.
func (publishStatusCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	topics, err := app.PublishStatus(ctx, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "topic\tposition\tbehind\tlag\trefused\tfailing\tblocked\tskipped")
	for _, t := range topics {
		if !t.Begun {
			fmt.Fprintf(w, "%s\tnothing has been published yet\n", t.Topic)
			continue
		}
		more := ""
		if t.More {
			more = "+"
		}
		fmt.Fprintf(w, "%s\t%d\t%d%s\t%s\t%d\t%d\t%d\t%d\n", t.Topic, t.Position, t.Facts, more, t.Lag.Round(time.Millisecond),
			t.Parked[store.Refused], t.Parked[store.Failing], t.Parked[store.Blocked], t.Parked[store.Skipped])
	}
	return w.Flush()
}

// publishReplayCmd sends lost messages again. Positions are those in the messages,
// so a consumer can name the first that it lost.
type publishReplayCmd struct {
	From    uint64 `required:"" placeholder:"POSITION" help:"The first position: that of the first lost message."`
	To      uint64 `placeholder:"POSITION" help:"The last position; by default the head."`
	Topic   string `placeholder:"ARN" help:"ARN of the destination, usually a topic that only this consumer subscribes to."`
	History bool   `help:"The messages of the history topic, not the domain events."`
	DryRun  bool   `help:"Only list what would be sent."`
}

// Help shows examples.
func (publishReplayCmd) Help() string {
	return `Examples:
  nonassociations publish replay --from 12000 --to 13000 --dry-run
  nonassociations publish replay --from 12000 --to 13000 --topic arn:aws:sns:eu-west-2:000000000000:repair

Every message has the eventId that it had; only publishedAt is new. The order of each pair is kept.
No checkpoint moves, and a running publisher is not affected. PUBLIC_URL is needed.`
}

// Run prints each message with --dry-run, and the number of them. Refused messages
// are listed by event and make it fail, after all others were sent. A replay that
// failed on the way may be run again as it is: consumers ignore an eventId that
// they have processed.
func (c publishReplayCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	replay := publisher.Replay{Topic: message.Domain, From: c.From, To: c.To, DryRun: c.DryRun}
	if c.History {
		replay.Topic = message.History
	}
	if c.DryRun {
		replay.Each = func(m message.Message) {
			fmt.Printf("%d %s %s %s\n", m.Position.Uint64(), m.EventID, m.Group, m.Attributes["eventType"].Text)
		}
	}
	replayed, err := app.Replay(ctx, o, replay, c.Topic)
	for _, id := range replayed.Refused {
		fmt.Printf("SNS refused the message of %s as invalid\n", id)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w (run it again: %d messages may have been sent)", err, replayed.Messages)
	case c.DryRun:
		fmt.Printf("%d messages would be sent\n", replayed.Messages)
	case len(replayed.Refused) > 0:
		return fmt.Errorf("%d of %d messages were not taken", len(replayed.Refused), replayed.Messages)
	default:
		fmt.Printf("%d messages were sent\n", replayed.Messages)
	}
	return nil
}
