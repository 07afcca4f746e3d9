// Package domain holds the rules of the record, and nothing else: no context,
// no clock, no I/O. It imports the standard library and uuid only.
//
// The words used everywhere in this service:
//
//   - prisoner number: A9109UD, see [PrisonerNumber].
//   - removed number: one that a merge made another, and nothing has taken
//     back, see [Removal].
//   - pair: two different prisoner numbers in sorted order, one stream of
//     facts each, see [Pair].
//   - non-association: one occurrence of keeping a pair apart, see
//     [NonAssociation]. A pair may have many over time, at most one not closed.
//   - side: what is said of one prisoner in it, keyed by prisoner number.
//   - role, reason, restriction: the words of staff ([Role], [Reason],
//     [Restriction]).
//   - reasonCode, typeCode: the words of NOMIS, kept verbatim ([ReasonCode],
//     [TypeCode]).
//   - event: what happened, past tense ([Event]); with its [Meta] it is a
//     [Fact]. Facts are never changed or removed.
//
// Two functions carry the house: [Decide] turns a command into events or a
// [Refusal], [Evolve] folds a fact into the [State] of a pair. Both take values
// and return values; the same arguments always give the same answer.
package domain
