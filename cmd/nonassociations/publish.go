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

// publishCmd is what has to do with telling the world.
type publishCmd struct {
	Run    publishRunCmd    `cmd:"" default:"1" help:"Tell the world, without end."`
	Status publishStatusCmd `cmd:"" help:"How far each topic has been told."`
	Parked publishParkedCmd `cmd:"" help:"Messages that SNS does not take, and what stands behind them."`
	Replay publishReplayCmd `cmd:"" help:"Tell a stretch of the log again, to a topic for a consumer that has lost data."`
}

type publishRunCmd struct{}

// Help is kong's.
func (publishRunCmd) Help() string {
	return `Example:
  nonassociations publish

Tells SNS_TOPIC_ARN of every change, and HISTORY_TOPIC_ARN, if it is set, of every fact with its
before and after; PUBLIC_URL is where detailUrl leads, and the AWS_ variables are the standard ones.
Any number may run: for each topic one works, the others wait and take over within seconds.
LISTEN_ADDR, if it is set, answers /health and, unless METRICS_ADDR has them, /metrics. Faults of a topic are retried for ever; a message
that SNS calls invalid, or that fails by itself while others are taken, is parked, and holds back only
the later ones of its own pair.`
}

// Run is kong's.
func (publishRunCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Publish: true})
}

type publishStatusCmd struct{}

// Help is kong's.
func (publishStatusCmd) Help() string {
	return `Example:
  nonassociations publish status

behind counts the facts that the topic has not been told yet, private ones too; lag is the age of the
oldest of them. refused are messages that SNS calls invalid: they wait for parked retry or skip.
failing are those that fail by themselves: they are tried again by themselves. blocked stand behind
these, and skipped are never sent.`
}

// Run is kong's.
func (publishStatusCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	told, err := app.PublishStatus(ctx, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "topic\tposition\tbehind\tlag\trefused\tfailing\tblocked\tskipped")
	for _, t := range told {
		if !t.Begun {
			fmt.Fprintf(w, "%s\tnobody has published to it yet\n", t.Topic)
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

type publishReplayCmd struct {
	From    uint64 `required:"" placeholder:"POSITION" help:"The first position, that of the message that was lost first."`
	To      uint64 `placeholder:"POSITION" help:"The last position; the head when it is not said."`
	Topic   string `placeholder:"ARN" help:"Where to, usually a topic that only the consumer in need hears."`
	History bool   `help:"The messages of the history topic, not the domain events."`
	DryRun  bool   `help:"Only list what would be sent."`
}

// Help is kong's.
func (publishReplayCmd) Help() string {
	return `Examples:
  nonassociations publish replay --from 12000 --to 13000 --dry-run
  nonassociations publish replay --from 12000 --to 13000 --topic arn:aws:sns:eu-west-2:000000000000:repair

Every message has the eventId that it had; only publishedAt is new. The order of each pair is kept.
No checkpoint moves, and a publisher that is at work goes on. PUBLIC_URL is needed.`
}

// Run is kong's.
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
	told, err := app.Replay(ctx, o, replay, c.Topic)
	for _, id := range told.Refused {
		fmt.Printf("SNS calls the message of %s invalid\n", id)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w (repeat it: %d messages may have been sent)", err, told.Messages)
	case c.DryRun:
		fmt.Printf("%d messages would be sent\n", told.Messages)
	case len(told.Refused) > 0:
		return fmt.Errorf("%d of %d messages were not taken", len(told.Refused), told.Messages)
	default:
		fmt.Printf("%d messages were sent\n", told.Messages)
	}
	return nil
}
