package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/token"
)

// nomisClient gets a token of the stand-in for NOMIS, and nomisSecret is its secret. The
// stand-in listens on loopback and ends with the run.
const nomisClient, nomisSecret = "bench", "bench"

// nomisCmd is the stand-in for NOMIS in a process of its own, so that its work is told
// from that of its callers. It knows every prisoner. The harness spawns it.
type nomisCmd struct {
	Address string `required:""`
	DSN     string `name:"dsn"                      required:""`
	Keys    string `help:"Folder of the issuer."    required:""`
	Queue   string `help:"URL of the queue of its changes."`
}

// Run serves until SIGTERM.
func (c nomisCmd) Run(ctx context.Context) error {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return err
	}
	keys, err := issuer.Open(c.Keys, audience)
	if err != nil {
		return err
	}
	options := nomisapi.Options{
		DatabaseURL: c.DSN, Address: c.Address, ClientID: nomisClient, ClientSecret: nomisSecret,
		Knows: func(context.Context, string) (bool, error) { return true, nil },
		Now:   func() time.Time { return time.Now().In(london) },
	}
	options.Verify, options.Sign = nomisapi.Tokens(keys)
	if c.Queue != "" {
		options.Events = sendTo(ctx, c.Queue)
	}
	server, err := nomisapi.Start(ctx, options)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return server.Stop(context.WithoutCancel(ctx))
}

// sendTo returns a function that sends to a queue. A message that cannot be sent is lost:
// a change of NOMIS is found without it too.
func sendTo(ctx context.Context, queue string) func(string) {
	client := sqs.New(sqs.Options{
		Region: region, BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_SQS")), HTTPClient: manyConnections(loops),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	return func(message string) {
		_, _ = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &message})
	}
}

// nomis is a running stand-in for NOMIS beside an installation, in the same database.
type nomis struct {
	*process

	where   installation
	address string
	token   string // for its API
}

// startNomis starts a stand-in for NOMIS that sends its changes to a queue, or to none.
// The caller stops it.
func (s *harness) startNomis(ctx context.Context, where installation, sink *snsSink, queue string) (*nomis, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	n := &nomis{where: where, address: address}
	if n.token, err = s.issuer.Sign(token.Request{User: user, Roles: []string{nomisapi.Role}}, time.Now()); err != nil {
		return nil, err
	}
	args := []string{"nomis", "--address", address, "--dsn", where.databaseURL, "--keys", s.dir}
	var environment []string
	if sink != nil {
		args, environment = append(args, "--queue", queue), sink.environment()
	}
	if n.process, err = s.spawn("NOMIS", self(), environment, args...); err != nil {
		return nil, err
	}
	return n, n.ready(ctx, answers(address, "/faults", ""))
}

// environment points a process at the stand-in, without a limit of the rate.
func (n *nomis) environment() []string {
	url := "http://" + n.address
	return []string{
		"NOMIS_API_URL=" + url, "NOMIS_API_TOKEN_URL=" + url + "/oauth/token",
		"NOMIS_API_CLIENT_ID=" + nomisClient, "NOMIS_API_CLIENT_SECRET=" + nomisSecret, "NOMIS_RATE=0",
	}
}

// environment points the SQS client of a process at the sink.
func (o *snsSink) environment() []string {
	return []string{"AWS_ENDPOINT_URL_SQS=" + o.URL(), "AWS_EC2_METADATA_DISABLED=true"}
}
