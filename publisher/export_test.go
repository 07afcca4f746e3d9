package publisher

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// WithStep calls a test at each step of the loop: taken, sent, committing, committed.
func (o Options) WithStep(step func(string)) Options {
	o.step = step
	return o
}

// WithPauses lets a test wait less for what is tried again.
func (o Options) WithPauses(first, longest, parked time.Duration) Options {
	o.delays = delays{first: first, longest: longest, parked: parked, commit: 2 * time.Millisecond, check: 20 * time.Millisecond}
	return o
}

// Wake lets a publisher read requests now, and not when it next checks its lease.
func (p *Publisher) Wake() { signal(p.handler.wake) }

// WithCallTime lets a test wait less for an SNS that does not answer.
func (c *Client) WithCallTime(most time.Duration) *Client {
	c.callTime = most
	return c
}

// At calls a local SNS at an address of its own, so that tests with one each run
// side by side.
func (c *Client) At(endpoint string) *Client {
	c.client = sns.New(c.client.Options(), func(o *sns.Options) {
		o.BaseEndpoint, o.Credentials = aws.String(endpoint), credentials.NewStaticCredentialsProvider("local", "local", "")
	})
	return c
}
