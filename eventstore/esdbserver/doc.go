// Package esdbserver serves the EventStoreDB protocol over gRPC for any
// eventstore.Store. With it the real client runs in development and in tests, where
// there is no real server. It is our own because there is no in-process stand-in of
// the server in Go. Its answers follow those of a real server, never the other way
// round; what it does not implement it refuses.
//
// It implements append and batch append with an exact revision or none, reads of a stream and of $all
// in both directions, subscriptions to $all and to one stream with filters,
// checkpoints and CaughtUp, soft delete and tombstone if the store supports them,
// server features, gossip if it is given a cluster, and rights per user if it is given
// users: then it also keeps the system streams that rights need. It does not
// implement persistent subscriptions, projections, or other stream metadata.
package esdbserver
