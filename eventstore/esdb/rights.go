package esdb

import (
	"context"
	"errors"
	"slices"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Right is something that a user of the cluster may do, or not.
type Right string

// The rights that are asked for, in the order in which they are.
const (
	ReadStreams  Right = "read streams"
	ReadAll      Right = "read $all"
	SubscribeAll Right = "subscribe to $all"
	AppendEvents Right = "append"
	Delete       Right = "delete streams"
	Tombstone    Right = "tombstone streams"
	SetMetadata  Right = "set metadata"
	Administer   Right = "change the rights of the cluster"
)

// Held is a right, whether the user has it, and whether the user is meant to.
type Held struct {
	Right  Right `json:"right"`
	Wanted bool  `json:"wanted"`
	Has    bool  `json:"has"`
}

// Rights asks for each right whether the store's user has it; appends says whether
// the user is meant to append. It asks for what is refused to everybody after the
// right was looked at, such as an append at a revision that no stream has, so that
// nothing is written or removed. Errors: those of the port, where it cannot be
// asked; ErrDenied is a wrong user or password.
func (s *Store) Rights(ctx context.Context, appends bool) ([]Held, error) {
	meant := []Right{ReadStreams, ReadAll, SubscribeAll}
	if appends {
		meant = append(meant, AppendEvents)
	}
	var all []Held
	for _, one := range probes(uuid.New()) {
		has, err := s.has(ctx, one.does)
		if err != nil {
			return nil, err
		}
		all = append(all, Held{one.right, slices.Contains(meant, one.right), has})
	}
	return all, nil
}

// attempt is something that shows by its refusal whether a right is there.
type attempt struct {
	right Right
	does  func(context.Context, *esdb.Client) error
}

// noRevision is one that no stream has.
const noRevision = 1 << 40

// probes ask about a stream that does not exist, and is not of those that a
// consumer follows, should a server do what no server does.
func probes(id uuid.UUID) []attempt {
	stream := "app-check-" + id.String()
	never := esdb.Revision(noRevision)
	event := func(kind string) esdb.EventData {
		return esdb.EventData{EventID: id, EventType: kind, ContentType: esdb.ContentTypeJson, Data: []byte("{}")}
	}
	write := func(into, kind string) func(context.Context, *esdb.Client) error {
		return func(ctx context.Context, client *esdb.Client) error {
			_, err := client.AppendToStream(ctx, into, esdb.AppendToStreamOptions{ExpectedRevision: never}, event(kind))
			return err
		}
	}
	return []attempt{
		{ReadStreams, func(ctx context.Context, client *esdb.Client) error {
			return drained(client.ReadStream(ctx, stream, esdb.ReadStreamOptions{}, 1))
		}},
		{ReadAll, func(ctx context.Context, client *esdb.Client) error {
			return drained(client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1))
		}},
		{SubscribeAll, func(ctx context.Context, client *esdb.Client) error {
			opened, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.End{}, Filter: filter([]string{stream})})
			if err != nil {
				return err
			}
			return opened.Close()
		}},
		{AppendEvents, write(stream, "app.check")},
		{Delete, func(ctx context.Context, client *esdb.Client) error {
			_, err := client.DeleteStream(ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: never})
			return err
		}},
		{Tombstone, func(ctx context.Context, client *esdb.Client) error {
			_, err := client.TombstoneStream(ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: never})
			return err
		}},
		{SetMetadata, write(metadataOf(stream), metadataType)},
		{Administer, write(settingsStream, settingsType)},
	}
}

func drained(opened *esdb.ReadStream, err error) error {
	if err != nil {
		return err
	}
	_, err = receive(opened)
	return err
}

// has reports whether an attempt got past the look at rights. A server that denies
// while an attempt is still being sent may lose the word (D): it is asked again.
func (s *Store) has(ctx context.Context, does func(context.Context, *esdb.Client) error) (has bool, err error) {
	for range 5 {
		if has, err = s.hasOnce(ctx, does); !errors.Is(err, errBrokenOff) {
			break
		}
	}
	return has, err
}

func (s *Store) hasOnce(ctx context.Context, does func(context.Context, *esdb.Client) error) (bool, error) {
	return call(ctx, s, "", func(ctx context.Context, client *esdb.Client) (bool, error) {
		err := does(ctx, client)
		switch {
		case err == nil || isPast(err):
			return true, nil
		case status.Code(err) == codes.PermissionDenied:
			return false, nil
		}
		return false, err
	})
}

// isPast reports whether an error is about what was asked for, not about who asked.
func isPast(err error) bool {
	var typed *esdb.Error
	if errors.As(err, &typed) {
		switch typed.Code() {
		case esdb.ErrorCodeWrongExpectedVersion, esdb.ErrorCodeStreamDeleted:
			return true
		case esdb.ErrorCodeResourceNotFound:
			return status.Code(err) != codes.NotFound
		}
	}
	return status.Code(err) == codes.FailedPrecondition
}

// User is the name that the store's calls are made under, "" when none is sent.
func (s *Store) User() string { return s.username }
