package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// manyConnections returns an HTTP client for AWS that keeps n connections open. The
// default keeps ten, and the calls beyond them would measure handshakes.
func manyConnections(n int) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = n })
}

// measureListening measures the delay of a domain event: from the acknowledgement of a
// write until a queue behind the topic has the message. Writes come one after the
// other. The baseline is a bare PublishBatch and its arrival over the same topic and
// queue.
func measureListening(ctx context.Context, s *harness) (row, error) {
	sink, err := s.newSNSSink(ctx)
	if err != nil {
		return row{}, err
	}
	where, err := s.storedFacts(ctx, "delivered")
	if err != nil {
		return row{}, err
	}
	queue := sink.Queue("delivered")
	if err := sink.Subscribe(sink.arn, "delivered", true, ""); err != nil {
		return row{}, err
	}
	publisher, err := s.spawn("publisher", s.Binary, s.publisherRow(sink, where), "publish")
	if err != nil {
		return row{}, err
	}
	s.closers = append(s.closers, func(context.Context) error { return publisher.stop() })
	e := &listener{harness: s, sink: sink, queue: queue}
	if err := e.open(ctx); err != nil {
		return row{}, err
	}
	defer e.wire.close()
	var served, bare []float64
	for range s.Rounds {
		if err := s.waitUntilIdle(ctx); err != nil {
			return row{}, err
		}
		if served, err = repeat(served, s.Looks/s.Rounds, func() (float64, error) { return e.afterSync(ctx) }); err != nil {
			return row{}, err
		}
		if bare, err = repeat(bare, s.Looks/s.Rounds, func() (float64, error) { return e.afterSend(ctx) }); err != nil {
			return row{}, err
		}
	}
	ratio := quantile(served, 0.99) / quantile(bare, 0.99)
	return row{
		what: "delivered: acknowledged until a queue behind the topic has the message, p50 / p99", measured: times(served),
		beside: "a bare PublishBatch of one until the queue has it, p50 / p99", baseline: times(bare), ratio: ratio, results: latencies(served, bare),
		note: fmt.Sprintf("delivered: the ratio is that of the p99, over %d writes; the client asks the queue by long polls", len(served)),
	}, nil
}

// listener measures how long a message is under way. It writes and then long-polls a
// queue behind the topic. Only one message is under way at a time, so the next message
// that is received is the one that was sent.
type listener struct {
	*harness

	sink    *snsSink
	queue   string
	wire    *httpConn
	posting request
	sqs     *sqs.Client
	sns     *sns.Client
}

// open prepares the connection, the request and the clients of queue and topic. The
// credentials are not checked by the stand-in, but the SDK demands some.
func (e *listener) open(ctx context.Context) error {
	var err error
	if e.wire, err = dial(ctx, e.address); err != nil {
		return err
	}
	e.posting = e.syncRequests("/sync", 1)
	keys := credentials.NewStaticCredentialsProvider("local", "local", "")
	endpoint := aws.String(e.sink.URL())
	e.sqs = sqs.New(sqs.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys})
	e.sns = sns.New(sns.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys})
	return nil
}

// afterSync returns the seconds from the acknowledgement of the command to the arrival
// of its message. The position in the message must be that of the command: another
// message would mean that an earlier measurement lost its own.
func (e *listener) afterSync(ctx context.Context) (float64, error) {
	e.fillPair(e.posting)
	written, err := e.wire.do(e.posting.bytes)
	began := time.Now()
	if err != nil || written.status != http.StatusOK {
		return 0, fmt.Errorf("POST /sync answers %d: %w", written.status, err)
	}
	e.written(written.position)
	body, err := e.next(ctx)
	if err != nil {
		return 0, err
	}
	took := time.Since(began).Seconds()
	var event struct {
		AdditionalInformation struct {
			Position uint64 `json:"position"`
		} `json:"additionalInformation"`
	}
	if err := json.Unmarshal([]byte(body), &event); err != nil || event.AdditionalInformation.Position != written.position {
		return 0, fmt.Errorf("received position %d, wrote %d: %w", event.AdditionalInformation.Position, written.position, err)
	}
	return took, nil
}

// afterSend returns the seconds of a bare call and the arrival. The clock starts before
// the call, because the publisher's own call is part of afterSync too.
func (e *listener) afterSend(ctx context.Context) (float64, error) {
	began := time.Now()
	_, err := e.sns.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &e.sink.arn, PublishBatchRequestEntries: readyEntries()[:1]})
	if err != nil {
		return 0, err
	}
	_, err = e.next(ctx)
	return time.Since(began).Seconds(), err
}

// next returns the body of the next message and deletes it. It long-polls for 20 s, the
// limit of SQS; a queue that is empty then is an error.
func (e *listener) next(ctx context.Context) (string, error) {
	got, err := e.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &e.queue, WaitTimeSeconds: 20})
	if err != nil {
		return "", err
	}
	if len(got.Messages) != 1 {
		return "", errors.New("the queue is empty")
	}
	_, err = e.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &e.queue, ReceiptHandle: got.Messages[0].ReceiptHandle})
	return aws.ToString(got.Messages[0].Body), err
}
