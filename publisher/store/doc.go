// Package store keeps the checkpoint of each topic and its parked messages in
// Postgres, in the schema publisher.
//
// Messages are parked that SNS refused as invalid, that fail by themselves, or that
// come after these in the order of a pair. A row names a fact and holds none of its
// content: a retry maps the fact from the log again.
//
// A running publisher writes through the session that holds its lease, and only
// while the checkpoint is where that session left it. The conditional update is
// the fence: a session that was overtaken gets ErrFenced and writes nothing.
package store
