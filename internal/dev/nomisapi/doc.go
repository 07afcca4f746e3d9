// Package nomisapi is a stand-in for the NOMIS Prisoner API, for development and tests.
// It answers the calls about non-associations with the status codes and the wording of
// the real one, keeps its rows in tables of the same shape in Postgres, and sends the
// same two messages a change.
//
// It is an independent twin: it shares no code with the client that it is there to test,
// and keeps what the real one does wrong. A non-association is two detail rows, one of
// either prisoner, below two parent rows. The reason of the other side is in the parent,
// so that each write overwrites it for all older rows. Nothing holds the two mirrors
// together but the code that writes them.
//
// What NOMIS's own staff do is under /staff, without a token. Under /faults it can be
// told to misbehave.
package nomisapi
