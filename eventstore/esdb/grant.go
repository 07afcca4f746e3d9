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

// The streams in which a server keeps rights, and the types of their events.
const (
	allStream      = "$all"
	metadataPrefix = "$$"
	metadataType   = "$metadata"
	settingsStream = "$settings"
	settingsType   = "update-default-acl"
	administrators = "$admins"
)

// metadataOf returns the name of the stream with the metadata of another stream.
func metadataOf(stream string) string { return metadataPrefix + stream }

// Users are the users that the service's processes log in to the cluster as.
type Users struct {
	Append []string // may append and read
	Read   []string // may only read
}

// Check refuses names that no user can have. A name that begins with $ is a role;
// $all would give the right to every user.
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

// adminsAnd returns the administrators and the given users, sorted and without repeats.
func adminsAnd(users ...string) roles {
	sorted := slices.Sorted(slices.Values(users))
	return append(roles{administrators}, slices.Compact(sorted)...)
}

// AllACL returns the rights that the metadata of $all must have: the service's users
// read it and subscribe to it.
func (u Users) AllACL() ACL {
	return ACL{"$r": adminsAnd(slices.Concat(u.Append, u.Read)...)}
}

// Defaults returns the content that $settings must have, for streams without rights
// of their own: the service's users read, its writers append, and only administrators
// delete, tombstone or set metadata.
func (u Users) Defaults() Defaults {
	only := func() roles { return roles{administrators} }
	return Defaults{
		User:   ACL{"$r": adminsAnd(slices.Concat(u.Append, u.Read)...), "$w": adminsAnd(u.Append...), "$d": only(), "$mr": only(), "$mw": only()},
		System: ACL{"$r": only(), "$w": only(), "$d": only(), "$mr": only(), "$mw": only()},
	}
}

// ACL maps an operation, such as $r, to the roles and users that may do it.
type ACL map[string]roles

// Defaults are the content of $settings.
type Defaults struct {
	User   ACL `json:"$userStreamAcl"`
	System ACL `json:"$systemStreamAcl"`
}

// roles are a list in JSON, or one text when there is only one.
type roles []string

// UnmarshalJSON accepts a text or a list of texts.
func (r *roles) UnmarshalJSON(text []byte) error {
	var one string
	if exact.Unmarshal(text, &one) == nil {
		*r = roles{one}
		return nil
	}
	return exact.Unmarshal(text, (*[]string)(r))
}

// same reports whether two ACLs allow the same, in any order of names.
func (a ACL) same(b ACL) bool {
	return maps.EqualFunc(a, b, func(x, y roles) bool {
		return slices.Equal(slices.Compact(slices.Sorted(slices.Values(x))), slices.Compact(slices.Sorted(slices.Values(y))))
	})
}

// Setting is the change of one stream with rights. Was and Is are JSON texts; Was is ""
// when the stream had no event.
type Setting struct {
	Stream  string
	Was, Is string
	Changed bool
}

// Grant sets the rights of the service's users in the metadata of $all and in
// $settings; the store's user must be an administrator. With dryRun it only returns
// what would change. Rights that are right already are not written again. Other
// metadata of $all is kept. A user that had rights before and is not in Users loses
// them. Errors: those of the port; ErrConflict means that the rights were changed
// concurrently, and the call can be repeated.
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

// adaptMetadata sets the rights in the metadata of $all and keeps its other keys.
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

// adaptDefaults replaces the content of $settings.
func (u Users) adaptDefaults(was []byte) (any, bool, error) {
	var current Defaults
	if err := unmarshal(was, &current); err != nil {
		return nil, false, err
	}
	wanted := u.Defaults()
	return wanted, !wanted.User.same(current.User) || !wanted.System.same(current.System), nil
}

// unmarshal decodes a JSON text; an absent text or null leaves the value as it is. It
// matches keys exactly, since the standard library ignores case.
func unmarshal(text []byte, into any) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	return exact.Unmarshal(text, into)
}

// set reads the last event of a stream and appends the adapted content, expecting the
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
