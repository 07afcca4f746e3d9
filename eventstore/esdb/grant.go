package esdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	exact "github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// Where a server keeps the two rights, and of what type the events are.
const (
	allStream      = "$all"
	metadataPrefix = "$$"
	metadataType   = "$metadata"
	settingsStream = "$settings"
	settingsType   = "update-default-acl"
	administrators = "$admins"
)

func metadataOf(stream string) string { return metadataPrefix + stream }

// Users are the users of the cluster that the service's processes call it as.
type Users struct {
	Append []string // may append, and read
	Read   []string // may read alone
}

// Check refuses names that are no user's: one that begins with $ is a role, and
// $all would be everybody.
func (u Users) Check() error {
	for _, name := range slices.Concat(u.Append, u.Read) {
		if strings.TrimSpace(name) != name || name == "" || strings.HasPrefix(name, "$") {
			return fmt.Errorf("%q is not the name of a user", name)
		}
	}
	if len(u.Append) == 0 {
		return errors.New("no user may append")
	}
	return nil
}

// with is a list of administrators and users, in the order of names.
func with(users ...string) roles {
	sorted := slices.Sorted(slices.Values(users))
	return append(roles{administrators}, slices.Compact(sorted)...)
}

// AllACL is what the metadata of $all must say: the service's users read and
// subscribe to it.
func (u Users) AllACL() ACL {
	return ACL{"$r": with(slices.Concat(u.Append, u.Read)...)}
}

// Defaults are what $settings must say of streams without rights of their own:
// the service's users read, those that append do, and nobody but an administrator
// deletes, tombstones or sets metadata.
func (u Users) Defaults() Defaults {
	only := func() roles { return roles{administrators} }
	return Defaults{
		User:   ACL{"$r": with(slices.Concat(u.Append, u.Read)...), "$w": with(u.Append...), "$d": only(), "$mr": only(), "$mw": only()},
		System: ACL{"$r": only(), "$w": only(), "$d": only(), "$mr": only(), "$mw": only()},
	}
}

// ACL is which roles and users may do what.
type ACL map[string]roles

// Defaults are the content of $settings.
type Defaults struct {
	User   ACL `json:"$userStreamAcl"`
	System ACL `json:"$systemStreamAcl"`
}

// roles are written as a list, or as one text where there is one alone.
type roles []string

// UnmarshalJSON is json.Unmarshaler's.
func (r *roles) UnmarshalJSON(text []byte) error {
	var one string
	if exact.Unmarshal(text, &one) == nil {
		*r = roles{one}
		return nil
	}
	return exact.Unmarshal(text, (*[]string)(r))
}

// same reports whether two lists allow the same, in whatever order.
func (a ACL) same(b ACL) bool {
	return maps.EqualFunc(a, b, func(x, y roles) bool {
		return slices.Equal(slices.Compact(slices.Sorted(slices.Values(x))), slices.Compact(slices.Sorted(slices.Values(y))))
	})
}

// Setting is one of the two rights. Was and Is are the JSON texts of before and
// now; Was is "" where nothing was said.
type Setting struct {
	Stream  string
	Was, Is string
	Changed bool
}

// Grant sets both rights for the service's users, as an administrator, or only
// tells with dryRun. What is as it should be is not written again. The metadata of
// $all keeps what else it says; a user whom the rights named before and Users does
// not loses them. Errors: those of the port; ErrConflict means that the rights
// were changed at the same moment: asking again is right.
func (s *Store) Grant(ctx context.Context, users Users, dryRun bool) ([]Setting, error) {
	if err := users.Check(); err != nil {
		return nil, err
	}
	var settings []Setting
	for _, one := range []struct {
		stream, kind string
		adapt        func(was []byte) (is any, changed bool, err error)
	}{
		{metadataOf(allStream), metadataType, users.adaptMetadata},
		{settingsStream, settingsType, users.adaptDefaults},
	} {
		setting, err := s.set(ctx, one.stream, one.kind, one.adapt, dryRun)
		if err != nil {
			return settings, fmt.Errorf("set the rights in %s: %w", one.stream, err)
		}
		settings = append(settings, setting)
	}
	return settings, nil
}

func (u Users) adaptMetadata(was []byte) (any, bool, error) {
	whole, rights := map[string]json.RawMessage{}, ACL{}
	if err := unmarshal(was, &whole); err != nil {
		return nil, false, err
	}
	if err := unmarshal(whole["$acl"], &rights); err != nil {
		return nil, false, err
	}
	wanted := maps.Clone(rights)
	maps.Copy(wanted, u.AllACL())
	text, err := json.Marshal(wanted)
	whole["$acl"] = text
	return whole, !wanted.same(rights), err
}

func (u Users) adaptDefaults(was []byte) (any, bool, error) {
	var said Defaults
	if err := unmarshal(was, &said); err != nil {
		return nil, false, err
	}
	wanted := u.Defaults()
	return wanted, !wanted.User.same(said.User) || !wanted.System.same(said.System), nil
}

func unmarshal(text []byte, into any) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	return exact.Unmarshal(text, into)
}

// set reads what a stream says last, and appends what it must say, at exactly the
// revision that was read.
func (s *Store) set(ctx context.Context, stream, kind string, adapt func([]byte) (any, bool, error), dryRun bool) (Setting, error) {
	last, err := s.ReadStream(ctx, stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
		return Setting{}, err
	}
	expected, was := eventstore.NoStream, []byte(nil)
	if len(last) > 0 {
		expected, was = eventstore.Exactly(last[0].Revision), last[0].Data
	}
	content, changed, err := adapt(was)
	if err != nil {
		return Setting{}, err
	}
	is, err := json.Marshal(content)
	if err != nil {
		return Setting{}, err
	}
	setting := Setting{Stream: stream, Was: string(was), Is: string(is), Changed: changed}
	if !changed || dryRun {
		return setting, nil
	}
	_, err = s.Append(ctx, eventstore.Append{Stream: stream, Expected: expected, Events: []eventstore.Event{
		{ID: uuid.New(), Type: kind, Data: is, Metadata: []byte("{}")},
	}})
	return setting, err
}
