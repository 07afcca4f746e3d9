// Package esdb is the log in EventStoreDB, through EventStore-Client-Go v4. Only
// it and esdbserver import that client.
//
// The client has defects, found by experiment and by reading; nothing above
// this package meets them. Each is named here, with how it is contained and the
// test that shows it:
//
//   - A: after ten failed attempts to find a server the client is dead for
//     ever. The number of attempts has no end. TestA_theSearchForAServerNeverEnds
//   - B: callers queue on a channel and hear no context meanwhile. Each call
//     runs beside its caller, who leaves in time; slots bound how many stay
//     behind. TestB_callersLeaveWithTheirContext
//   - B': Close closes that channel, and whoever stands in the queue panics.
//     Close waits for the calls in flight or leaves the client open.
//     TestB_closeNeverClosesUnderACall, TestClose_thatACallerStillWaitsForReportsIt
//   - C: contexts are not heard during discovery either.
//     TestC_aSilentHostHoldsNone
//   - D: a server that breaks an append off loses its reason on the way: sizes
//     are checked before sending, and what was broken off is asked again, twice at most.
//     TestD_tooLargeIsNeverSent, TestD_brokenOffIsAskedAgain
//   - E: requires-leader is put where it is never sent. It is sent here, so a
//     follower does not serve stale reads. TestE_theLeaderIsAskedFor
//   - F: each Unavailable makes the client open a connection and forget the old
//     one. While the server is away one call at a time tries it, at most once a
//     second; what is lost even so ends when gRPC finds it idle, after half an
//     hour. TestF_fewConnectionsAreLostToAServerThatIsNotReady
//   - G: a dropped subscription gives a bare gRPC status and is not made again.
//     Subscribe says ErrUnavailable. TestG_aDroppedSubscriptionReportsIt
//   - H: a read that cannot be opened does not start a new discovery. Opening a
//     subscription does, and is done for it. TestH_readersFindTheNewLeader
//   - I: servers and proxies with gRPC's own keep-alive rules throw the client
//     out after half a minute, because it pings every ten seconds. A proxy must
//     allow it; esdbserver does. Nothing here can help.
//   - J: an event without its creation time ends the process (log.Fatalf). That
//     cannot be contained; every server sends it. The panics on messages that
//     the client does not know can. TestJ_panicsOfTheClientAreErrors
//   - K: updating a persistent subscription may reset it. There are none.
//
// Traps that are no defects:
//
//   - FromError says ok when there is no error, and sees no wrapped one:
//     errors.As it is. TestError_hasAWordOfThePort
//   - That a stream is missing is told by the first Recv, and a stream that
//     failed says io.EOF ever after: the first error counts.
//     TestBrokenRead_isNeverTheEnd
//   - A gRPC NotFound is not a missing stream. TestNotFound_byGRPCIsNoMissingStream
//   - A position of 2⁶⁴−1 is none, and so is 0 in the answer to an append: the
//     client says it, with success, for each answer that it does not understand.
//     TestPosition_thatIsNoneIsZero, TestAppend_isNeverAnsweredWithPositionZero,
//     TestEvent_ofTheWholeLogWithoutAPositionBreaksTheReading
//   - Aborted, a time-out and most other statuses say nothing of what was written,
//     and those who race with the same append hear them. The same append is asked
//     again while the caller's time lasts. TestUnknownOutcome_isAskedAgainUntilItIsKnown,
//     TestRace_ofTheSameAppendIsOneEventAndOneAnswer
//   - ReadAll has no filter, and the log begins with the server's own events.
//     TestReadAll_passesOverSystemEvents
//   - A subscription without From begins at the end; it is always given.
//   - Subscriptions may never be confirmed, fall silent, repeat checkpoints and
//     send CaughtUp again. TestSubscription_isConfirmedInTimeOrBroken,
//     TestSubscription_thatFellSilentIsBrokenOff,
//     TestSubscription_isCalmAboutOddMessages
//   - Without TLS, user and password are never sent: Open warns.
//   - A bad URL is quoted in the error, password and all.
//     TestBadURL_keepsItsSecret
//   - The client says nowhere why it finds no server. A probe goes its way beside
//     the calls that wait. TestUnreached_logNamesWhy
//   - The client logs by itself, also what it returns: that goes to debug.
package esdb
