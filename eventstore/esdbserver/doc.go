// Package esdbserver speaks the EventStoreDB protocol, over gRPC and inside this
// process, for any eventstore.Store. It lets the real client run where no real
// server is: in development and in tests. It is bent to the answers of a real
// server, never the other way round; what it lacks it refuses.
//
// It has: append with an exact revision or none, reads of a stream and of $all
// both ways, subscriptions to $all and to one stream with filters, checkpoints
// and CaughtUp, soft delete and tombstone where the store below can plant them,
// server features, gossip when told of a cluster, and rights per user when told
// of users: the streams that begin with $ are kept then, as far as rights need
// them. It has no persistent subscriptions, projections, stream metadata that does
// anything else, or batch append.
package esdbserver
