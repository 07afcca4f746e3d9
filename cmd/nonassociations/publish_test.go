package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/localaws"
	"nonassociations/publisher/message"
)

// asProgram makes this test binary the program, for a process that can be killed.
const asProgram = "TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

const (
	patience = time.Minute
	poll     = 10 * time.Millisecond
)

// outside is an SNS with one topic, and the log that is told to it.
type outside struct {
	*localaws.Server

	log    eventstore.Store
	refuse sync.Map // the code that SNS answers, by event id
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	record(t)
	o := &outside{}
	var err error
	o.Server, err = localaws.Start(t.Context(), localaws.Options{FailEntry: func(_ string, e localaws.Entry) (string, bool) {
		if code, bad := o.refuse.Load(e.Attributes["eventId"].Value); bad {
			return code.(string), true
		}
		return "", false
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.Stop(context.Background()) })
	arn := o.Topic("world")
	require.NoError(t, o.Subscribe(arn, "heard", true, ""))
	require.NoError(t, o.Subscribe(o.Topic("repair"), "repaired", true, ""))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SNS": o.URL(), "AWS_EC2_METADATA_DISABLED": "true", "SNS_TOPIC_ARN": arn, "PUBLIC_URL": "http://x.test", asProgram: "yes",
	} {
		t.Setenv(name, value)
	}
	o.log, err = postgres.Open(t.Context(), os.Getenv("DATABASE_URL"), postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.log.Close(context.Background()) })
	return o
}

// publishing is a process; killing it twice is no error.
func publishing(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	process := exec.Command(self, "publish")
	process.Stderr = &strings.Builder{}
	require.NoError(t, process.Start())
	t.Cleanup(func() { end(process) })
	return process
}

func end(process *exec.Cmd) {
	_ = process.Process.Kill()
	_ = process.Wait()
}

// commanding tells what NOMIS would, of many pairs and from several callers.
func (o *outside) commanding(t *testing.T, callers, each int) (done *sync.WaitGroup) {
	handler := o.handler(t)
	done = &sync.WaitGroup{}
	for caller := range callers {
		done.Go(func() {
			for i := range each {
				o.tell(t, handler, fmt.Sprintf("A%04dAA", rand.IntN(60)), fmt.Sprint(caller, " ", i))
			}
		})
	}
	return done
}

func (o *outside) handler(t *testing.T) *commands.Handler {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return commands.New(o.log, commands.Options{
		Clock: func() time.Time { return time.Now().In(london) }, Logger: slog.New(slog.DiscardHandler),
	})
}

func (o *outside) tell(t *testing.T, handler *commands.Handler, number, comment string) {
	about := domain.PrisonerNumber(number)
	pair, err := domain.NewPair(about, "Z9999ZZ")
	require.NoError(t, err)
	id := uuid.New()
	_, err = handler.Sync(context.WithoutCancel(t.Context()), domain.Cause{
		CommandID: id, CorrelationID: id, Actor: "X", Source: domain.NOMIS, About: about,
	}, []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: about, Items: []domain.Item{{
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{about: domain.CodeVictim, "Z9999ZZ": domain.CodePerpetrator},
		TypeCode:    domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17", Comment: &comment,
	}}}}})
	require.NoError(t, err)
}

func (o *outside) heard() []string {
	var ids []string
	for _, m := range o.Messages("heard") {
		ids = append(ids, m.Attributes["eventId"].Value)
	}
	return ids
}

// recorded are the facts of the log, in its order.
func (o *outside) recorded(t *testing.T) []eventstore.RecordedEvent {
	t.Helper()
	events, err := o.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1<<20)
	require.NoError(t, err)
	return events[1:] // behind the identity
}

// A kill -9 at any moment, again and again, while commands run.
func TestPublishers_thatAreKilledLoseNothing(t *testing.T) {
	o := newOutside(t)
	done := o.commanding(t, 4, 400)
	written := make(chan struct{})
	go func() { done.Wait(); close(written) }()
	for range 12 {
		process, enough := publishing(t), len(o.heard())+1+rand.IntN(200)
		require.Eventually(t, func() bool {
			select {
			case <-written:
				return true
			default:
				return len(o.heard()) >= enough
			}
		}, patience, poll)
		end(process)
	}
	<-written
	last := publishing(t)
	facts := o.recorded(t)
	order := map[string]int{}
	for i, f := range facts {
		order[f.ID.String()] = i
	}
	require.Eventually(t, func() bool { return len(distinct(o.heard())) == len(facts) }, patience, poll, last.Stderr)
	latest := map[string]int{}
	for _, id := range distinct(o.heard()) {
		i, known := order[id]
		require.True(t, known, "no fact has the id %s", id)
		stream := facts[i].Stream
		require.LessOrEqual(t, latest[stream], i, "order of %s", stream)
		latest[stream] = i
	}
	t.Logf("%d facts, %d messages", len(facts), len(o.heard()))
}

// distinct keeps the first of each.
func distinct(ids []string) []string {
	var all []string
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

func TestPublish_whatOperatorsSeeAndDo(t *testing.T) {
	o := newOutside(t)
	o.commanding(t, 1, 30).Wait()
	facts := o.recorded(t)
	bad := facts[0].ID.String()
	o.refuse.Store(bad, "InvalidParameter")

	out, status := printed(t, "publish", "status")
	require.Zero(t, status)
	require.Contains(t, out, "nothing has been published yet")
	publishing(t)
	require.Eventually(t, func() bool { // the rest of its pair is not heard
		out, status = printed(t, "publish", "parked", "list")
		return status == 0 && strings.Contains(out, bad) && strings.Contains(out, "refused")
	}, patience, poll)
	require.Contains(t, out, "InvalidParameter")

	_, status = printed(t, "publish", "parked", "retry", uuid.NewString())
	require.NotZero(t, status, "nothing like it is there")
	o.refuse.Delete(bad)
	_, status = printed(t, "publish", "parked", "retry", bad)
	require.Zero(t, status)
	require.Eventually(t, func() bool { return len(distinct(o.heard())) == len(facts) }, patience, poll)
	require.Eventually(t, func() bool {
		out, status = printed(t, "publish", "status")
		return status == 0 && strings.Contains(out, fmt.Sprintf("%d  ", facts[len(facts)-1].Position.Uint64()))
	}, patience, poll)

	middle := facts[len(facts)/2].Position.Uint64()
	from, to := strconv.FormatUint(middle, 10), strconv.FormatUint(middle+3, 10)
	out, status = printed(t, "publish", "replay", "--from", from, "--dry-run")
	require.Zero(t, status)
	require.Contains(t, out, fmt.Sprintf("%d messages would be sent", len(facts)-len(facts)/2))
	_, status = printed(t, "publish", "replay", "--from", "0")
	require.NotZero(t, status, "to which topic?")
	out, status = printed(t, "publish", "replay", "--from", from, "--to", to, "--topic", o.Topic("repair"))
	require.Zero(t, status, out)
	var told []uint64 // pairs have no order among themselves
	for _, sent := range o.Messages("repaired") {
		var event message.DomainEvent
		require.NoError(t, json.Unmarshal([]byte(sent.Body), &event))
		told = append(told, event.AdditionalInformation.Position)
	}
	require.ElementsMatch(t, []uint64{middle, middle + 1, middle + 2, middle + 3}, told)
}

// All four states, in words that an operator and a script can rely on.
func TestPublish_parkedMessagesByState(t *testing.T) {
	o := newOutside(t)
	handler := o.handler(t)
	for _, number := range []string{"A0001AA", "A0002AA", "A0003AA"} {
		for i := range 3 {
			o.tell(t, handler, number, strconv.Itoa(i))
		}
	}
	facts := o.recorded(t)
	refused, failing, skipped := facts[0].ID.String(), facts[4].ID.String(), facts[7].ID.String()
	o.refuse.Store(refused, "InvalidParameter")
	o.refuse.Store(failing, "SomethingNew")
	o.refuse.Store(skipped, "InvalidParameter")
	publishing(t)
	sees := func(want ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			o.tell(t, handler, "A0009AA", uuid.NewString()) // SNS takes others
			out, status := printed(t, "publish", "status")
			return status == 0 && slices.Equal(strings.Fields(strings.Split(out, "\n")[1])[4:], want)
		}, patience, 100*time.Millisecond)
	}
	sees("2", "1", "4", "0")
	out, status := printed(t, "publish", "parked", "skip", skipped, "--reason", "told by telephone")
	require.Zero(t, status, out)
	sees("1", "1", "3", "1")
	out, status = printed(t, "publish", "parked", "list")
	require.Zero(t, status)
	for id, state := range map[string]string{refused: "refused", failing: "failing", facts[1].ID.String(): "blocked", skipped: "skipped"} {
		require.Regexp(t, id+".* "+state+" ", out)
	}
	require.Contains(t, out, "told by telephone")
	_, status = printed(t, "publish", "parked", "retry", facts[1].ID.String())
	require.NotZero(t, status, "it waits for another one")
	_, status = printed(t, "publish", "parked", "skip", refused)
	require.NotZero(t, status, "why?")
	o.refuse.Clear()
	_, status = printed(t, "publish", "parked", "retry", refused)
	require.Zero(t, status)
	printed(t, "publish", "parked", "retry", failing) // it may have gone out by itself meanwhile
	sees("0", "0", "0", "1")
	require.NotContains(t, o.heard(), skipped)
}
