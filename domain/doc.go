// Package domain holds the rules of the record and nothing else: no context, no clock,
// no I/O. It imports the standard library and uuid only.
//
// docs/GLOSSARY.md has all terms of this service. Those of the rules:
//
//   - prisoner number: A9109UD, see [PrisonerNumber].
//   - removed number: a number that was merged into another one, see [Removal].
//   - pair: two different prisoner numbers in sorted order, with one stream of facts,
//     see [Pair].
//   - non-association: one period of keeping a pair apart, see [NonAssociation]. A pair
//     may have many, and at most one that is not closed.
//   - side: what is known about one prisoner of the pair, by prisoner number.
//   - role, reason, restriction: the codes of staff ([Role], [Reason], [Restriction]).
//   - reasonCode, typeCode: the codes of NOMIS, kept verbatim ([ReasonCode],
//     [TypeCode]).
//   - switch-over: the end of NOMIS, prison by prison, see [SwitchOver].
//   - event: something that happened, in the past tense ([Event]). With its [Meta] it is
//     a [Fact]. Facts are never changed or removed.
//
// Two functions are the core. [Decide] turns a command into events or a [Refusal].
// [Evolve] folds a fact into the [State] of a pair. Both are pure: the same arguments
// always give the same result.
package domain
