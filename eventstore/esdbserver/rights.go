package esdbserver

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// Rights make the server check rights per user, as a secured real server does: by the
// metadata of streams, and by the stream $settings for those without. A client sends a
// user only over TLS. Passwords are compared in plain text: this is for tests. A member
// of $admins may do anything.
type Rights struct {
	// Users has the passwords by user name.
	Users map[string]string
	// Admins are the users in the group $admins.
	Admins []string
	// System stores the streams that begin with $, apart from the log.
	System eventstore.Store
}

// act is an operation on a stream, by its key in an ACL.
type act string

// Names of the protocol: the keys of an ACL, the groups, and the system streams.
const (
	reads        act = "$r"
	writes       act = "$w"
	deletes      act = "$d"
	readsMeta    act = "$mr"
	writesMeta   act = "$mw"
	allUsers         = "$all"
	admins           = "$admins"
	allStream        = "$all"
	settings         = "$settings"
	metaPrefix       = "$$"
	systemPrefix     = "$"
)

// acl maps an operation to the roles that may do it. An operation without an entry has
// the default of the stream's kind.
type acl map[act]roles

// roles are one text or a list of texts in JSON.
type roles []string

// UnmarshalJSON accepts a text or a list of texts.
func (r *roles) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*r = roles{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(r))
}

// defaults are the rights of ordinary streams and of system streams without an ACL.
type defaults struct {
	User   acl `json:"$userStreamAcl"`
	System acl `json:"$systemStreamAcl"`
}

// installedDefaults returns the rights of a server as it is installed: every user may use
// ordinary streams, and administrators system streams.
func installedDefaults() defaults {
	all := func(to string) acl {
		return acl{reads: {to}, writes: {to}, deletes: {to}, readsMeta: {to}, writesMeta: {to}}
	}
	return defaults{User: all(allUsers), System: all(admins)}
}

// storeOf returns the store that holds a stream: system streams are kept apart when there
// are rights.
func (s *Server) storeOf(stream string) eventstore.Store {
	if s.options.Rights != nil && strings.HasPrefix(stream, systemPrefix) {
		return s.options.Rights.System
	}
	return s.store
}

// allow refuses a call that its user has no right to, before anything else is looked
// at: also what does not exist is denied. nil rights allow everything. Errors:
// ErrDenied, or Unauthenticated.
func (s *Server) allow(ctx context.Context, doing act, stream string) error {
	r := s.options.Rights
	if r == nil {
		return nil
	}
	user, err := r.user(ctx)
	if err != nil || slices.Contains(r.Admins, user) {
		return err
	}
	// An operation on the metadata stream of a stream needs a right on that stream.
	if of, is := strings.CutPrefix(stream, metaPrefix); is {
		stream = of
		doing = map[act]act{reads: readsMeta, writes: writesMeta, deletes: writesMeta}[doing]
	}
	may, err := r.may(ctx, doing, stream)
	if err != nil {
		return err
	}
	if slices.Contains(may, allUsers) || slices.Contains(may, user) {
		return nil
	}
	return eventstore.ErrDenied
}

// authenticate refuses a wrong password. A call without a user is denied later, by what
// it asks for.
func (s *Server) authenticate(ctx context.Context) error {
	if s.options.Rights == nil {
		return nil
	}
	_, err := s.options.Rights.user(ctx)
	if errors.Is(err, eventstore.ErrDenied) {
		return nil
	}
	return err
}

// user returns the user of a call. A call without a user is denied; one with a wrong
// password is not authenticated.
func (r *Rights) user(ctx context.Context) (string, error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	sent := headers.Get("authorization")
	if len(sent) == 0 {
		return "", eventstore.ErrDenied
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sent[0], "Basic "))
	name, password, _ := strings.Cut(string(plain), ":")
	if known, is := r.Users[name]; err != nil || !is || known != password {
		return "", status.Error(codes.Unauthenticated, "")
	}
	return name, nil
}

// may returns the roles that may do an operation on a stream: by its own ACL, else by
// the default of its kind. An empty list of its own ACL allows administrators alone.
func (r *Rights) may(ctx context.Context, doing act, stream string) (roles, error) {
	var own struct {
		ACL acl `json:"$acl"`
	}
	if err := r.last(ctx, metaPrefix+stream, &own); err != nil {
		return nil, err
	}
	if roles, is := own.ACL[doing]; is {
		return roles, nil
	}
	all := installedDefaults()
	if err := r.last(ctx, settings, &all); err != nil {
		return nil, err
	}
	if strings.HasPrefix(stream, systemPrefix) {
		return all.System[doing], nil
	}
	return all.User[doing], nil
}

// last decodes the newest event of a system stream, if it has one. Without an event,
// into keeps its values, which are the defaults.
func (r *Rights) last(ctx context.Context, stream string, into any) error {
	events, err := r.System.ReadStream(ctx, stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if errors.Is(err, eventstore.ErrStreamNotFound) || err == nil && len(events) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(events[0].Data, into); err != nil {
		return fmt.Errorf("read %s: %w", stream, err)
	}
	return nil
}
