// Package nightly makes the checks of every night, once a London day.
//
// When a check is due follows from the clock and from the results that are kept, so any
// process can work it out and a start after the hour catches up. A lease lets one process
// at a time work. A check that could not be made is tried again and leaves no result: only
// what was judged is kept.
package nightly
