package store

import (
	"fmt"
	"maps"
	"slices"
)

// Column counts non-associations: those here, those in NOMIS, and those of both without
// counting one twice.
type Column struct {
	Ours   int `json:"ours"`
	Theirs int `json:"theirs"`
	Union  int `json:"union"`
}

// plus returns the sum.
func (c Column) plus(other Column) Column {
	return Column{c.Ours + other.Ours, c.Theirs + other.Theirs, c.Union + other.Union}
}

// Counts are what a run found. The totals are counted apart from the buckets, so that
// each checks the other. The zero Counts are nothing.
type Counts struct {
	Total   Column            `json:"total"`
	Pairs   int               `json:"pairs"`             // that are done
	Buckets map[Bucket]Column `json:"buckets,omitempty"` // those that have any
	// Causes count why non-associations are unchecked. A cause has no personal data.
	Causes map[string]int `json:"causes,omitempty"`
}

// Put counts a column under a bucket.
func (c *Counts) Put(bucket Bucket, column Column) {
	if c.Buckets == nil {
		c.Buckets = map[Bucket]Column{}
	}
	c.Buckets[bucket] = c.Buckets[bucket].plus(column)
}

// PutUnchecked counts a column that could not be compared, and why.
func (c *Counts) PutUnchecked(column Column, cause string) {
	c.Put(Unchecked, column)
	if c.Causes == nil {
		c.Causes = map[string]int{}
	}
	c.Causes[cause] += column.Union
}

// Add adds other counts.
func (c *Counts) Add(other Counts) {
	c.Total, c.Pairs = c.Total.plus(other.Total), c.Pairs+other.Pairs
	for bucket, column := range other.Buckets {
		c.Put(bucket, column)
	}
	for cause, count := range other.Causes {
		if c.Causes == nil {
			c.Causes = map[string]int{}
		}
		c.Causes[cause] += count
	}
}

// Mismatch names each sum of the buckets that is not its total. It is "" when all are.
func (c Counts) Mismatch() string {
	var sum Column
	for _, column := range c.Buckets {
		sum = sum.plus(column)
	}
	for _, of := range []struct {
		name       string
		sum, total int
	}{{"ours", sum.Ours, c.Total.Ours}, {"theirs", sum.Theirs, c.Total.Theirs}, {"union", sum.Union, c.Total.Union}} {
		if of.sum != of.total {
			return fmt.Sprintf("The buckets of %s sum to %d, and %s is %d.", of.name, of.sum, of.name, of.total)
		}
	}
	return ""
}

// Differences counts the union of all buckets that a person should look at: not the same,
// not held, ignored or accepted, and checked.
func (c Counts) Differences() int {
	var sum int
	for bucket, column := range c.Buckets {
		switch bucket {
		case Differs, OnlyHere, OnlyThere, MirrorsDisagree:
			sum += column.Union
		case Same, Unchecked, Held, IgnoredHere, AcceptedAsIs:
		}
	}
	return sum
}

// UncheckedCauses returns the causes in sorted order.
func (c Counts) UncheckedCauses() []string { return slices.Sorted(maps.Keys(c.Causes)) }
