// Package queue opens SQS for the folders that read or write a queue, as internal/pg opens
// Postgres. It is part of production.
package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Open returns a client for the queue of a URL. It sends no request. Region, credentials
// and endpoint come from the standard AWS_ variables. When these name no endpoint and the
// URL is not one of AWS, the host of the URL is the endpoint: a local stand-in. settings
// change the client's own defaults. Errors: a text that is no URL, and an environment that
// cannot be read.
func Open(ctx context.Context, address string, settings ...func(*config.LoadOptions) error) (*sqs.Client, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return nil, errors.New("that is not the URL of a queue")
	}
	settings = append(settings, config.WithDefaultRegion("eu-west-2"))
	environment, err := config.NewEnvConfig()
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	if isLoopback(parsed.Hostname()) && !environment.Credentials.HasKeys() {
		settings = append(settings, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	}
	loaded, err := config.LoadDefaultConfig(ctx, settings...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	return sqs.NewFromConfig(loaded, func(o *sqs.Options) {
		if o.BaseEndpoint == nil && !strings.HasSuffix(parsed.Hostname(), ".amazonaws.com") {
			o.BaseEndpoint = aws.String(parsed.Scheme + "://" + parsed.Host)
		}
	}), nil
}

// isLoopback reports whether a host is this machine. Only then are dummy credentials used.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
