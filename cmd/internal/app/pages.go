package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"nonassociations/web/screens"
	"nonassociations/web/screens/outbox"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

// pages is what a process with the role screens has. The zero value has no pages.
type pages struct {
	store    *store.Store
	sessions *signin.SignIn
	server   *httpServer
	sender   *outbox.Sender // nil without an audit queue
}

// listenForPages binds the port of the pages and makes them. The port comes first, since
// on loopback it gives the public address.
func (p *process) listenForPages(below context.Context) error {
	config := p.Config.Screens
	secret, err := config.Key()
	if err != nil {
		return err
	}
	key, err := store.NewKey(secret)
	if err != nil {
		return err
	}
	if p.pages.store, err = store.Open(below, p.Config.DatabaseURL, key); err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(p.pages.store.Close))
	if p.pages.sender, err = p.openSender(below, config); err != nil {
		return err
	}
	served := new(lateHandler)
	if p.pages.server, err = listen(below, config.Addr, p.Config.Edge.Limits.Connections, served, p.Logger); err != nil {
		return err
	}
	if config.PublicURL == "" {
		config.PublicURL = "http://" + p.pages.server.address()
	}
	if p.pages.sessions, err = p.openSessions(config, key); err != nil {
		return err
	}
	operators, err := p.operators(below)
	if err != nil {
		return err
	}
	served.Handler, err = p.newScreens(config, operators)
	return err
}

// openSender makes what brings views to the audit queue; nil without a queue. Errors: an
// address that is no queue's.
func (p *process) openSender(below context.Context, config Screens) (*outbox.Sender, error) {
	if config.AuditQueueURL == "" {
		p.Logger.InfoContext(below, "AUDIT_QUEUE_URL is not set, so views stay in the table screens.view")
		return nil, nil //nolint:nilnil // a process without a queue has no sender
	}
	queue, err := outbox.OpenQueue(below, config.AuditQueueURL)
	if err != nil {
		return nil, fmt.Errorf("AUDIT_QUEUE_URL: %w", err)
	}
	return outbox.New(outbox.Options{Views: p.pages.store, Queue: queue, Clock: p.Clock, Logger: p.Logger}), nil
}

// sendViews brings views to the audit queue until ctx ends, which is after the last page was
// answered. It begins when this process has all rights.
func (p *process) sendViews(ctx context.Context) error {
	return unlessCancelled(ctx, func(ctx context.Context) error {
		if err := p.waitForRights(ctx); err != nil {
			return err
		}
		return p.pages.sender.Run(ctx)
	})
}

// lateHandler is a handler that is made after its server. It is set before the server
// runs.
type lateHandler struct{ http.Handler }

// openSessions makes what signs users in.
func (p *process) openSessions(config Screens, key *store.Key) (*signin.SignIn, error) {
	edge := p.Config.Edge
	return signin.New(signin.Options{
		Store: p.pages.store, Key: key, Verifier: p.verifier, Clock: p.Clock, Issuer: edge.AuthIssuer, KeysURL: edge.AuthJWKSURL,
		ClientID: config.ClientID, ClientSecret: config.ClientSecret, AuthorizeURL: config.AuthorizeURL, TokenURL: config.TokenURL,
		SignOutURL: config.SignOutURL, PublicURL: config.PublicURL, UserRolesURL: config.UserRolesURL,
		Lifetime: config.Lifetime, Idle: config.Idle, KeepFormFor: config.KeepForm, Logger: p.Logger,
	})
}

// newScreens makes the pages. As with the API, everything that reaches the log or the read
// model goes through the gate.
func (p *process) newScreens(config Screens, operators screens.Operators) (*screens.Screens, error) {
	return screens.New(screens.Options{
		Sessions: p.pages.sessions, Views: p.pages.store,
		Commands: gatedCommands{&p.gate, p.commands}, Reads: p.pageReads(), Audit: p.auditReader(), Problems: nomisProblems{p.kept}, Actions: operators.Acts,
		Directory: p.directory.pages, Whereabouts: p.whereabouts, Head: p.head, Probes: p.api, Operators: operators,
		PublicURL: config.PublicURL, Idle: config.Idle, DPSURL: config.DPSURL, ComponentsURL: config.ComponentsURL, SecurityTextURL: config.SecurityTextURL,
		Timed: p.Development, Version: Version(), Clock: p.Clock, Logger: p.Logger, Answered: p.requests.answered,
	})
}

// pageReads are the reads of the pages, behind the gate.
type pageReads struct {
	gatedReads
	gatedStreams
	gatedMappings
	gatedFacts
}

// pageReads returns the reads of the pages.
func (p *process) pageReads() pageReads {
	return pageReads{gatedReads{&p.gate, p.reads}, gatedStreams{&p.gate, p.reads}, gatedMappings{&p.gate, p.reads}, gatedFacts{&p.gate, p.reads}}
}

// homeToPages leads a browser that opens the API to the pages. Every other request is the
// API's.
func homeToPages(calls http.Handler, home string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reading := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reading && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, home, http.StatusFound)
			return
		}
		calls.ServeHTTP(w, r)
	})
}
