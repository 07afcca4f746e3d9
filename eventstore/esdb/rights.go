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

// Right is an operation that a user of the cluster may have the right to.
type Right string

// The rights, in the order in which they are checked.
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

// Held is a right, whether the user has it, and whether the user should have it.
type Held struct {
	Right  Right `json:"right"`
	Wanted bool  `json:"wanted"`
	Has    bool  `json:"has"`
}

// Rights checks for each right whether the store's user has it; appends is whether the
// user should have the right to append. It sends requests that fail for every user
// once the right was checked, such as an append at a revision that no stream has. So
// nothing is written or deleted. Errors: those of the port; ErrDenied means a wrong
// user or password.
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

// attempt is a request whose refusal shows whether the user has a right.
type attempt struct {
	right Right
	does  func(context.Context, *esdb.Client) error
}

// noRevision is a revision that no stream has.
const noRevision = 1 << 40

// probes returns the attempts. Their stream does not exist and matches no consumer's
// prefix, in case a server does accept one of them.
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

// drained reads a read to its end, because a refusal comes with the first message.
func drained(opened *esdb.ReadStream, err error) error {
	if err != nil {
		return err
	}
	_, err = receive(opened)
	return err
}

// has reports whether an attempt passed the check of rights. A refusal that comes while
// the attempt is being sent may get lost (D), so it is repeated up to five times.
func (s *Store) has(ctx context.Context, does func(context.Context, *esdb.Client) error) (has bool, err error) {
	for range 5 {
		if has, err = s.hasOnce(ctx, does); !errors.Is(err, errBrokenOff) {
			break
		}
	}
	return has, err
}

// hasOnce sends one attempt. An error other than a refusal means that the right is not
// known.
func (s *Store) hasOnce(ctx context.Context, does func(context.Context, *esdb.Client) error) (bool, error) {
	return call(ctx, s, "", func(ctx context.Context, client *esdb.Client) (bool, error) {
		err := does(ctx, client)
		switch {
		case err == nil || isPastRights(err):
			return true, nil
		case status.Code(err) == codes.PermissionDenied:
			return false, nil
		}
		return false, err
	})
}

// isPastRights reports whether an error is about the request, and not about the user.
func isPastRights(err error) bool {
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

// User returns the user that the store's calls are sent as; "" when none is sent.
func (s *Store) User() string { return s.username }
