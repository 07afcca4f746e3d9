// Package screens serves the pages of staff, operators and auditors. A page is a Go
// struct and a template of the same name in templates/. A handler reads what the page
// shows and returns it as an answer; routes.go has every route with the people who may
// see it; handle.go does for every route what no handler may forget: the session, the
// rights to enter, the view audit and the headers.
//
// There are no rules here: rights come from domain, and what a save does is decided by
// commands, as for the API.
package screens
