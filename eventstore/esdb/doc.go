// Package esdb stores the event log in EventStoreDB, with EventStore-Client-Go v4.
// Only this package and esdbserver import that client. ADR 0025 has the reasons for
// staying with it.
//
// Appends go past the client where the server has BatchAppend: one long call on a
// connection of this package carries the appends of all callers, see batchAppender and
// ADR 0059. The same is kept out there:
//
//   - One goroutine sends and one receives. Callers wait for an answer or for their
//     context, and for nothing else. TestBatch_flowControlHoldsNoCaller,
//     TestBatch_aDeadCallIsGivenUp
//   - An attempt has a time of its own. After it, and when the call ends, the outcome
//     is unknown: the same append is sent again. Only an answer to the append itself, or
//     a call that was refused before any answer, is certain.
//     TestBatch_whatIsNotAnsweredIsSentAgainUnchanged, TestBatch_anAttemptHasATimeOfItsOwn,
//     TestBatch_theEndOfACallIsAnUnknownOutcome, TestBatch_aRefusedCallIsCertain,
//     TestBatch_nothingIsLostWhenTheServerDiesBetweenTwoMessages, TestBatchAnswer_certainOrUnknown
//   - Answers come in any order, and are matched by id. TestBatch_eachCallerGetsItsOwnAnswer
//   - An append is encoded by its caller, because gRPC ends a call on which a message
//     cannot be encoded. TestBatch_aBadAppendSpoilsNoOther
//   - One search for a server serves all callers, goes on while one waits, and goes to
//     the leader. It asks all nodes at once, and doubts the word of one that has just
//     failed. TestBatch_oneSearchesForAll, TestBatch_goesToTheLeader,
//     TestLeader_thatResignsCostsNoCall, TestBatch_silentNodesHoldNoSearch,
//     TestBatch_aDeadLeaderHoldsNoSearch, TestSearch_aSuspectDoesNotWinByItsOwnWord
//   - A call is left for a new one when its node is not ready, and after ten minutes.
//     What is in flight is answered first. TestBatch_leavesANodeThatIsNotReady,
//     TestBatch_anOldCallEndsWithItsLastAnswer
//
// The client has defects, found by experiment and by reading. They are contained in
// this package, which is why it is more than a thin adapter. Each is listed here with
// its containment and the test that shows it:
//
//   - A: after ten failed attempts to find a server the client gives up for ever. The
//     number of attempts is set to no end. TestA_theSearchForAServerNeverEnds
//   - B: callers queue on a channel and ignore their context meanwhile. Each call runs
//     in a goroutine of its own, and its caller leaves in time; slots limit how many
//     goroutines stay. TestB_callersLeaveWithTheirContext
//   - B': Close closes that channel, and a call in the queue panics. Close waits for
//     the calls in flight or leaves the client open.
//     TestB_closeNeverClosesUnderACall, TestClose_thatACallerStillWaitsForReportsIt
//   - C: contexts are ignored during discovery as well.
//     TestC_aSilentHostBlocksNoCaller
//   - D: when a server aborts an append of the client while it is being sent, the reason is lost.
//     Sizes are checked before sending, and an aborted request is repeated, at most
//     twice. TestD_tooLargeIsNeverSent, TestD_brokenOffIsAskedAgain
//   - E: the header requires-leader is put where it is never sent. This package sends
//     it, so that a follower does not serve stale reads. TestE_theLeaderIsAskedFor
//   - F: each Unavailable makes the client open a connection and leak the old one.
//     The circuit breaker lets one call at a time try an unavailable server, at most
//     once a second. A leaked connection ends when gRPC finds it idle, after half an
//     hour. TestF_fewConnectionsAreLostToAServerThatIsNotReady
//   - G: a dropped subscription returns a bare gRPC status and is not renewed.
//     Subscribe returns ErrUnavailable. TestG_aDroppedSubscriptionReportsIt
//   - H: a read that cannot be opened does not start a new discovery. Opening a
//     subscription does, so one is opened. TestH_readersFindTheNewLeader
//   - I: servers and proxies with gRPC's default keep-alive rules disconnect the
//     client after half a minute, because it pings every ten seconds. It is not
//     contained: a proxy must allow it. esdbserver does.
//   - J: an event without its creation time ends the process (log.Fatalf). It is not
//     contained: every server sends that time. Panics on unknown messages are
//     contained. TestJ_panicsOfTheClientAreErrors
//   - K: updating a persistent subscription may reset it. None is used.
//   - L: when an append's context ends while the server refuses the append, the client
//     reads the response headers while gRPC writes them: a data race inside of the
//     client. It is not contained. The headers only choose the error of a call whose
//     caller has left, and errors of such a call are an unknown outcome in any case.
//     The tests of norace_test.go provoke it, and run without the race detector.
//
// Properties that are no defects, and easy to get wrong:
//
//   - FromError reports ok when there is no error, and does not see a wrapped one.
//     errors.As is used instead. TestError_hasAWordOfThePort
//   - A missing stream is reported by the first Recv, and a failed stream returns
//     io.EOF afterwards: the first error counts. TestBrokenRead_isNeverTheEnd
//   - A gRPC NotFound is not a missing stream. TestNotFound_byGRPCIsNoMissingStream
//   - A position of 2⁶⁴−1 means none, and so does 0 in the result of an append: the
//     client returns it, with success, for each answer that it does not understand.
//     TestPosition_thatIsMissingIsZero, TestAppend_isNeverAnsweredWithPositionZero,
//     TestEvent_ofTheWholeLogWithoutAPositionBreaksTheReading
//   - Aborted, a timeout and most other statuses leave the outcome of an append
//     unknown, and concurrent repeats of one append get them. The same append is
//     repeated until the caller's context ends. TestUnknownOutcome_isAskedAgainUntilItIsKnown,
//     TestRace_ofTheSameAppendIsOneEventAndOneAnswer
//   - ReadAll has no filter, and the log begins with system events of the server.
//     TestReadAll_passesOverSystemEvents
//   - A subscription without From begins at the end; From is always given.
//   - Subscriptions may never be confirmed, fall silent, repeat checkpoints and
//     send CaughtUp again. TestSubscription_isConfirmedInTimeOrBroken,
//     TestSubscription_thatFellSilentIsBrokenOff,
//     TestSubscription_isCalmAboutOddMessages
//   - Without TLS, user and password are never sent: Open warns.
//   - The error about a bad URL quotes it with the password: the quote is removed.
//     TestBadURL_keepsItsSecret
//   - The client does not report why it finds no server. A probe takes the same steps
//     while calls wait. TestUnreached_logNamesWhy
//   - The client logs the faults that it returns: its lines go to debug.
package esdb
