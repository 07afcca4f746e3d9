package publisher

import "time"

// WithStep calls a test at each step of the loop: taken, sent, settling, settled.
func (o Options) WithStep(step func(string)) Options {
	o.step = step
	return o
}

// WithPauses lets a test wait less for what is tried again.
func (o Options) WithPauses(first, longest, parked time.Duration) Options {
	o.delays = delays{first, longest, parked}
	return o
}

// WithCallTime lets a test wait less for an SNS that says nothing.
func (d *Client) WithCallTime(most time.Duration) *Client {
	d.callTime = most
	return d
}
