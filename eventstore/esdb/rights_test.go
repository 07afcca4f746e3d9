package esdb

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

var ourUsers = Users{Append: []string{"serve", "listen"}, Read: []string{"project"}}

// secured is a server over TLS that keeps rights, and how to open it as a user.
type secured struct {
	log    *memory.Store
	system *memory.Store
	as     func(t testing.TB, user string) *Store
}

func newSecured(t *testing.T) secured {
	caFile, certificate := authority(t)
	s := secured{log: memory.New(), system: memory.New()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esdbserver.New(s.log, esdbserver.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}},
		Rights: &esdbserver.Rights{
			Users:  map[string]string{"admin": "x", "serve": "x", "listen": "x", "project": "x", "stranger": "x"},
			Admins: []string{"admin"}, System: s.system,
		},
	})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); require.NoError(t, <-ended) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s.as = func(t testing.TB, user string) *Store {
		return open(t, "esdb://"+user+"localhost:"+port+"?tls=true&tlsCaFile="+caFile, Options{})
	}
	return s
}

// holds are the rights that a user has.
func holds(t *testing.T, store *Store, appends bool) (has []Right, fine bool) {
	all, err := store.Rights(within(t, waitTime), appends)
	require.NoError(t, err)
	require.Len(t, all, len(every))
	fine = true
	for i, one := range all {
		require.Equal(t, every[i], one.Right)
		if one.Has {
			has = append(has, one.Right)
		}
		fine = fine && one.Has == one.Wanted
	}
	return has, fine
}

var (
	every     = []Right{ReadStreams, ReadAll, SubscribeAll, AppendEvents, Delete, Tombstone, SetMetadata, Administer}
	asWriter  = []Right{ReadStreams, ReadAll, SubscribeAll, AppendEvents}
	asReader  = []Right{ReadStreams, ReadAll, SubscribeAll}
	delivered = []Right{ReadStreams, AppendEvents, Delete, Tombstone, SetMetadata}
)

// TestRights_areWhatEachUserMayDo: before a grant as a server is delivered, after it
// each user has exactly its own.
func TestRights_areWhatEachUserMayDo(t *testing.T) {
	s := newSecured(t)
	has, fine := holds(t, s.as(t, "serve:x@"), true)
	require.Equal(t, delivered, has)
	require.False(t, fine)

	admin := s.as(t, "admin:x@")
	has, fine = holds(t, admin, true)
	require.Equal(t, every, has)
	require.False(t, fine, "an administrator is no user for a service")
	_, err := admin.Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)

	for user, of := range map[string]struct {
		appends bool
		has     []Right
	}{
		"serve": {true, asWriter}, "listen": {true, asWriter}, "project": {false, asReader}, "stranger": {false, nil},
	} {
		has, fine = holds(t, s.as(t, user+":x@"), of.appends)
		require.Equal(t, of.has, has, user)
		require.Equal(t, user != "stranger", fine, user)
	}
	has, fine = holds(t, s.as(t, "serve:x@"), false)
	require.Equal(t, asWriter, has)
	require.False(t, fine, "appending is too much for who reads alone")
	has, _ = holds(t, s.as(t, ""), true)
	require.Empty(t, has, "no user is no user")
	_, err = s.as(t, "serve:guess@").Rights(within(t, waitTime), true)
	require.ErrorIs(t, err, eventstore.ErrDenied)
	require.ErrorContains(t, err, "user or password is wrong")
}

// What a check asks for leaves nothing behind, for every user.
func TestRights_checkLeavesNothing(t *testing.T) {
	s := newSecured(t)
	for _, user := range []string{"admin:x@", "serve:x@", "stranger:x@", ""} {
		_, err := s.as(t, user).Rights(within(t, waitTime), true)
		require.NoError(t, err)
	}
	require.Empty(t, settingsOf(t, s))
	_, err := s.as(t, "admin:x@").Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)
	granted := settingsOf(t, s)
	_, err = s.as(t, "admin:x@").Rights(within(t, waitTime), true) // the streams of the system's exist now
	require.NoError(t, err)
	require.Equal(t, granted, settingsOf(t, s))
	all, err := s.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestGrant_changesNothingTheSecondTime(t *testing.T) {
	s := newSecured(t)
	admin := s.as(t, "admin:x@")
	told, err := admin.Grant(within(t, waitTime), ourUsers, true)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true}, []bool{told[0].Changed, told[1].Changed})
	require.Empty(t, settingsOf(t, s), "a dry run writes nothing")

	first, err := admin.Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)
	require.Equal(t, told, first)
	written := settingsOf(t, s)
	require.Len(t, written, 2)
	require.Equal(t, []string{"$$$all", "$settings"}, []string{written[0].Stream, written[1].Stream})

	again, err := admin.Grant(within(t, waitTime), Users{Append: []string{"listen", "serve", "serve"}, Read: ourUsers.Read}, false)
	require.NoError(t, err)
	require.Equal(t, []bool{false, false}, []bool{again[0].Changed, again[1].Changed})
	require.Equal(t, first[1].Is, again[1].Was)
	require.Equal(t, written, settingsOf(t, s))

	fewer, err := admin.Grant(within(t, waitTime), Users{Append: []string{"serve"}}, false)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true}, []bool{fewer[0].Changed, fewer[1].Changed})
	has, _ := holds(t, s.as(t, "listen:x@"), true)
	require.Empty(t, has, "who is named no more has lost them")
}

// What else an administrator has said of $all stays.
func TestGrant_keepsWhatElseIsReportedOfAll(t *testing.T) {
	s := newSecured(t)
	_, err := s.system.Append(t.Context(), eventstore.Append{Stream: "$$$all", Expected: eventstore.NoStream, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "$metadata", Data: []byte(`{"owner":"us","$acl":{"$r":"$all","$mr":["$ops"]}}`)},
	}})
	require.NoError(t, err)
	_, err = s.as(t, "admin:x@").Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)
	require.JSONEq(t, `{"owner":"us","$acl":{"$r":["$admins","listen","project","serve"],"$mr":["$ops"]}}`, string(settingsOf(t, s)[1].Data))
}

func TestGrant_needsAnAdministrator(t *testing.T) {
	s := newSecured(t)
	_, err := s.as(t, "serve:x@").Grant(within(t, waitTime), ourUsers, false)
	require.ErrorIs(t, err, eventstore.ErrDenied)
	for _, users := range []Users{{}, {Append: []string{"$all"}}, {Append: []string{"a"}, Read: []string{""}}, {Append: []string{" a"}}} {
		_, err := s.as(t, "admin:x@").Grant(within(t, waitTime), users, false)
		require.Error(t, err, users)
	}
	require.Empty(t, settingsOf(t, s))
}

// settingsOf are the events of the system's streams.
func settingsOf(t *testing.T, s secured) []eventstore.RecordedEvent {
	all, err := s.system.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100)
	require.NoError(t, err)
	return all
}

// TestServer_keepsRightsAsARealOneDoes holds it to what a real one was seen to do.
func TestServer_keepsRightsAsARealOneDoes(t *testing.T) {
	s := newSecured(t)
	keepsRights(t, s.as(t, "admin:x@"), s.as(t, "serve:x@"), []string{"serve"})
}

// keepsRights is what a real server was asked: by an administrator, and by an
// ordinary user who is given rights.
func keepsRights(t *testing.T, admin, user *Store, names []string) {
	one := opening("storetest-rights-" + uuid.NewString())
	mustAppend(t, user, one)
	_, err := user.ReadAll(within(t, waitTime), eventstore.Backwards, eventstore.End, 1)
	require.ErrorIs(t, err, eventstore.ErrDenied)
	err = user.Subscribe(within(t, waitTime), eventstore.Start, nil, func(eventstore.Message) error { return nil })
	require.ErrorIs(t, err, eventstore.ErrDenied)

	_, err = admin.Grant(within(t, waitTime), Users{Append: names}, false)
	require.NoError(t, err)
	_, err = user.ReadAll(within(t, waitTime), eventstore.Backwards, eventstore.End, 1)
	require.NoError(t, err)
	mustAppend(t, user, following(one.Stream, 0))
	for what, try := range map[string]func(context.Context) error{
		"delete": func(ctx context.Context) error {
			_, err := user.client.DeleteStream(ctx, one.Stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(1)})
			return err
		},
		"tombstone": func(ctx context.Context) error {
			_, err := user.client.TombstoneStream(ctx, one.Stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(1)})
			return err
		},
		"set metadata": func(ctx context.Context) error {
			_, err := user.client.SetStreamMetadata(ctx, one.Stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.StreamMetadata{})
			return err
		},
	} {
		// The server may break off before the client has sent all, which then has not
		// read why: the same again is right.
		err := user.failure(try(within(t, waitTime)), what)
		for again := 0; again < 50 && errors.Is(err, eventstore.ErrUnavailable); again++ {
			err = user.failure(try(within(t, waitTime)), what)
		}
		require.ErrorIs(t, err, eventstore.ErrDenied, what)
	}
}

// TestRights_ofARealServer asks it what its user may do, and an administrator's
// grants, which are taken back at the end.
func TestRights_ofARealServer(t *testing.T) {
	url := os.Getenv(realServer)
	if url == "" {
		return // the same is held above, against our own
	}
	store := open(t, url, Options{})
	before, _ := store.ReadAll(within(t, waitTime), eventstore.Backwards, eventstore.End, 1)
	has, _ := holds(t, store, true)
	after, _ := store.ReadAll(within(t, waitTime), eventstore.Backwards, eventstore.End, 1)
	require.Equal(t, before, after, "asking leaves nothing")
	t.Log("the user of", realServer, "may", has)
	if len(has) < len(every) {
		return
	}
	keep(t, store, "$$$all", `{"$acl":{"$r":["$admins"]}}`)
	keep(t, store, settingsStream, deliveredSettings)
	_, err := store.Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)
	again, err := store.Grant(within(t, waitTime), ourUsers, false)
	require.NoError(t, err)
	require.Equal(t, []bool{false, false}, []bool{again[0].Changed, again[1].Changed})
}

const deliveredSettings = `{"$userStreamAcl":{"$r":"$all","$w":"$all","$d":"$all","$mr":"$all","$mw":"$all"},
	"$systemStreamAcl":{"$r":"$admins","$w":"$admins","$d":"$admins","$mr":"$admins","$mw":"$admins"}}`

// keep puts back, at the end of the test, what a stream of the system's says now.
func keep(t *testing.T, store *Store, stream, otherwise string) {
	was := []byte(otherwise)
	if last, err := store.ReadStream(within(t, waitTime), stream, eventstore.Backwards, eventstore.FromEnd, 1); err == nil && len(last) > 0 {
		was = last[0].Data
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), waitTime)
		defer cancel()
		_, err := store.set(ctx, stream, map[bool]string{true: settingsType, false: metadataType}[stream == settingsStream],
			func([]byte) (any, bool, error) { return json.RawMessage(was), true, nil }, false)
		require.NoError(t, err)
	})
}
