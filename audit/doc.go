// Package audit answers from the log alone: histories, what is held about a person, and
// the whole log as a feed. It never reads the read model, which may be behind. The read
// model may only list which streams to read; every statement comes from the facts.
//
// It returns values. The API gives them the JSON of answers, with the record as of the
// day of the fact, so that the same entry reads the same for ever. The command that a
// fact keeps in its metadata is dropped here.
package audit
