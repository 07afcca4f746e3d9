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

// Rights make a server keep rights per user, as a real one does that is secured:
// in the metadata of streams, and for those without in the stream $settings. A
// client sends a user only over TLS.
type Rights struct {
	Users  map[string]string // their passwords, by name
	Admins []string          // of the users, those in $admins
	// System keeps the streams that begin with $, apart from the log.
	System eventstore.Store
}

// act is what a user does to a stream, in the letters of an ACL.
type act string

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

// acl is who may do what; an act that it does not name is left to the default.
type acl map[act]roles

// roles are written as one text or a list of them.
type roles []string

// UnmarshalJSON is json.Unmarshaler's.
func (r *roles) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*r = roles{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(r))
}

// defaults are what an ordinary stream, and one of the system's, is held to.
type defaults struct {
	User   acl `json:"$userStreamAcl"`
	System acl `json:"$systemStreamAcl"`
}

// delivered is what a server allows that nobody has told anything.
func delivered() defaults {
	all := func(to string) acl {
		return acl{reads: {to}, writes: {to}, deletes: {to}, readsMeta: {to}, writesMeta: {to}}
	}
	return defaults{User: all(allUsers), System: all(admins)}
}

// of is the store that holds a stream.
func (s *Server) of(stream string) eventstore.Store {
	if s.options.Rights != nil && strings.HasPrefix(stream, systemPrefix) {
		return s.options.Rights.System
	}
	return s.store
}

// allow refuses a call that its user has no right to, before anything else is
// looked at: also what does not exist is denied.
func (s *Server) allow(ctx context.Context, doing act, stream string) error {
	r := s.options.Rights
	if r == nil {
		return nil
	}
	user, err := r.user(ctx)
	if err != nil || slices.Contains(r.Admins, user) {
		return err
	}
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

// user is who calls. A call without a user is denied, one with a wrong password is
// not even that.
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

// may are the roles that may do something to a stream: its own word, else the
// default of its kind.
func (r *Rights) may(ctx context.Context, doing act, stream string) (roles, error) {
	var own struct {
		ACL acl `json:"$acl"`
	}
	if err := r.last(ctx, metaPrefix+stream, &own); err != nil {
		return nil, err
	}
	if said, is := own.ACL[doing]; is {
		return said, nil
	}
	all := delivered()
	if err := r.last(ctx, settings, &all); err != nil {
		return nil, err
	}
	if strings.HasPrefix(stream, systemPrefix) {
		return all.System[doing], nil
	}
	return all.User[doing], nil
}

// last reads the newest event of a stream of the system's, if there is one.
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
