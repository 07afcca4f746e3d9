package screens

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// PublisherPage shows the messages that a topic has not taken.
type PublisherPage struct {
	None    string // in place of the table
	Parked  []parkedRow
	Refresh refreshing
}

// parkedRow is one parked message.
type parkedRow struct {
	Topic, EventID, Pairs, Position, State, Reason, Attempts, Since, Request string
	Payload, NoPayload                                                       string
	Acts                                                                     []govuk.Button
}

var publisherPage = page{operationsPath + "/publisher", "Publisher"}

// The states of a parked message that decide what can be asked of it.
const (
	parkedRefused = "refused"
	parkedFailing = "failing"
	parkedSkipped = "skipped"
)

// publisher shows the parked messages with their payload.
func (s *Screens) publisher(ctx context.Context, v *visit) (answer, error) {
	shown := PublisherPage{Refresh: v.refreshing()}
	if s.operators.Publisher == nil {
		shown.None = "This process does not know the publisher."
		return s.operatorPage(ctx, v, publisherPage.title, shown), nil
	}
	parked, err := s.operators.Publisher.Parked(ctx)
	if err != nil {
		return answer{}, unavailable(err, "The parked messages could not be read.")
	}
	if len(parked) == 0 {
		shown.None = "No message is parked."
	}
	for i, m := range parked {
		shown.Parked = append(shown.Parked, s.parkedRow(ctx, v, m, i < mostPayloads))
	}
	return s.operatorPage(ctx, v, publisherPage.title, shown), nil
}

// mostPayloads bounds how many payloads a page reads from the log.
const mostPayloads = 100

// parkedRow returns a message as it is shown. A payload that cannot be made is said so.
func (s *Screens) parkedRow(ctx context.Context, v *visit, m ParkedMessage, withPayload bool) parkedRow {
	pairs := make([]string, len(m.Pairs))
	for i, pair := range m.Pairs {
		pairs[i] = pairWords(pair)
	}
	row := parkedRow{
		Topic: m.Topic, EventID: m.EventID.String(), Pairs: strings.Join(pairs, ", "), Position: strconv.FormatUint(m.Position, 10), State: m.State,
		Reason: m.Reason, Attempts: govuk.Count(m.Attempts, "attempt", "attempts"), Since: govuk.DateTime(m.Since.In(v.now.Location())), Request: m.Request,
	}
	row.NoPayload = "The first " + strconv.Itoa(mostPayloads) + " messages have their payload."
	if withPayload {
		var err error
		if row.Payload, err = m.Payload(ctx); err != nil {
			s.logger.WarnContext(ctx, "payload of a parked message not made", "requestId", v.id, "event", m.EventID, "error", err)
			row.Payload, row.NoPayload = "", "The payload could not be made from the log."
		}
	}
	base := publisherPage.path + "/" + url.PathEscape(m.Topic) + "/" + m.EventID.String()
	object := "event " + m.EventID.String() + " of the " + m.Topic + " topic" // one event may be parked for two topics
	if canRetry(m) {
		row.Acts = append(row.Acts, govuk.Button{Text: "Retry", Hidden: object, Href: base + "/retry", Kind: govuk.Secondary})
	}
	if m.State != parkedSkipped {
		row.Acts = append(row.Acts, govuk.Button{Text: "Skip", Hidden: object, Href: base + "/skip", Kind: govuk.Warns})
	}
	return row
}

// canRetry reports whether a message can be sent again: one that is merely blocked follows
// the one before it.
func canRetry(m ParkedMessage) bool { return m.State == parkedRefused || m.State == parkedFailing }

// Head returns the headers of the table.
func (PublisherPage) Head() []string {
	return []string{"Message", "Pair", "State", "Reason", "Payload", "Acts"}
}

// Tag returns the state.
func (r parkedRow) Tag() govuk.Tag { return govuk.Tag{Text: capital(r.State), Colour: "grey"} }

// pairWords returns a pair as it is read.
func pairWords(pair domain.Pair) string {
	numbers := pair.Numbers()
	return string(numbers[0]) + " and " + string(numbers[1])
}

// parkedAct makes an act on the parked message of a path.
func (s *Screens) parkedAct(v *visit, heading, name string, change func(ctx context.Context, m ParkedMessage, why string) (string, error), lines func(ParkedMessage) ([]string, error)) (act, error) {
	topic := chi.URLParam(v.request, "topic")
	id, err := uuid.Parse(chi.URLParam(v.request, "event"))
	if err != nil || s.operators.Publisher == nil || len(topic) > maxName {
		return act{}, notFound()
	}
	find := func(ctx context.Context) (ParkedMessage, error) {
		all, err := s.operators.Publisher.Parked(ctx)
		at := slices.IndexFunc(all, func(m ParkedMessage) bool { return m.EventID == id && m.Topic == topic })
		switch {
		case err != nil:
			return ParkedMessage{}, err
		case at < 0:
			return ParkedMessage{}, actRefusal{"The message is not parked any more."}
		}
		return all[at], nil
	}
	return act{
		name: name, object: "event " + id.String() + " of the " + topic + " topic", heading: heading, back: publisherPage,
		plan: func(ctx context.Context, _ actTyped) (actPlan, error) {
			m, err := find(ctx)
			if err != nil {
				return actPlan{}, err
			}
			says, err := lines(m)
			return actPlan{Lines: append(says, standsAt(v, m)), State: []any{m.State, m.Attempts, m.Request, m.Since.UTC()}}, err
		},
		do: func(ctx context.Context, typed actTyped, _ actPlan) (string, error) {
			m, err := find(ctx)
			if err != nil {
				return "", err
			}
			sentence, err := change(ctx, m, typed[fieldReason])
			if errors.Is(err, ErrNotParked) {
				err = actRefusal{"The message is not parked any more, or its state does not allow this."}
			}
			return sentence, err
		},
	}, nil
}

// standsAt says how a message is now. Two plans that rest on another state differ in it.
func standsAt(v *visit, m ParkedMessage) string {
	line := "It is " + m.State + " since " + govuk.DateTime(m.Since.In(v.now.Location())) + ", after " + govuk.Count(m.Attempts, "attempt", "attempts")
	if m.Reason != "" {
		line += ": " + m.Reason
	}
	if m.Request != "" {
		line += ". A " + m.Request + " is asked for already"
	}
	return line + "."
}

// maxName bounds the name of a topic or a queue in a path.
const maxName = 256

// retryParked sends a parked message again.
func (s *Screens) retryParked(_ context.Context, v *visit) (act, error) {
	return s.parkedAct(v, "Retry a parked message", "publish parked retry", func(ctx context.Context, m ParkedMessage, _ string) (string, error) {
		return "The message of event " + m.EventID.String() + " will be sent again.", s.operators.Publisher.Retry(ctx, m.Topic, m.EventID)
	}, func(m ParkedMessage) ([]string, error) {
		if !canRetry(m) {
			return nil, actRefusal{"The message is " + m.State + ": it cannot be sent again by itself."}
		}
		return []string{
			"The publisher sends the message of event " + m.EventID.String() + " to the " + m.Topic + " topic once more, at once.",
			"If the topic takes it, the messages that are blocked behind it follow. If not, it stays parked.",
		}, nil
	})
}

// skipParked gives a parked message up.
func (s *Screens) skipParked(_ context.Context, v *visit) (act, error) {
	return s.parkedAct(v, "Skip a parked message", "publish parked skip", func(ctx context.Context, m ParkedMessage, why string) (string, error) {
		return "The message of event " + m.EventID.String() + " is skipped.", s.operators.Publisher.Skip(ctx, m.Topic, m.EventID, why)
	}, func(m ParkedMessage) ([]string, error) {
		if m.State == parkedSkipped {
			return nil, actRefusal{"The message is skipped already."}
		}
		behind := "The messages that are blocked behind it are sent."
		if !canRetry(m) {
			behind = "What is blocked behind it waits on for the message that blocks this one."
		}
		return []string{"The message of event " + m.EventID.String() + " is never sent to the " + m.Topic + " topic. The fact stays in the log.", behind}, nil
	})
}
