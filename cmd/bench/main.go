// Command bench measures the service beside the plainest thing that could do
// the same work, in one run on one machine, and prints a table of the ratios.
// It measures and does not judge: whether a goal was met is a column. The table is
// Markdown, and --json writes it with the numbers behind it to a file. Behind the
// table it prints the same rounds in Go's benchmark format for benchstat.
//
// The service under test is the compiled binary, `serve --project`, in a
// process of its own; the load comes from this process, through an HTTP/1.1
// client that costs next to nothing (connections that stay open, requests that
// were built before). The bare HTTP handler it is compared with is this binary
// once more, in a process of its own. Postgres is a real one with fsync on,
// made for this run in a temporary folder, or a fresh database on the server
// at DATABASE_URL; the baselines use the same database.
//
// The speed of a machine varies, so measured and baseline rounds alternate (A B A
// B …); each row shows the medians of its rounds, and as ratio the median of the
// ratios of neighbouring rounds. Before each round the read model has caught
// up and Postgres has made a checkpoint, so that no round pays for another.
//
// The rows:
//
//   - sync: POST /sync of one new pair a request over 64 connections; beside
//     it INSERT and commit of a single row with the same bytes by as many
//     connections. The projection runs meanwhile, as it does in service.
//   - get: GET of one prisoner's list over 64 connections; beside it a bare
//     net/http + pgx handler that reads the same documents by primary key.
//   - migrate: POST /migrate, many pairs a request; beside it COPY of as many
//     rows with the same bytes in as many commits.
//   - message-db: one event appended to our log in Postgres; beside it write_message of
//     message-db, another event store in Postgres, which `make peers` installs from npm.
//   - replay: `project` from an empty read model until it is at the end of the
//     log, start of the process included; beside it COPY of the rows that came
//     out into tables with the same indexes.
//   - rebuild: `rebuild` of the log of the other rows beside live writes and reads, none of
//     which may fail; beside it COPY of the rows that came out.
//   - evidence: two rows. signing: the processor time of a fact's leaf and head; beside it
//     that of a write. verify-log: `verify log` of the whole log; beside it a bare read of
//     the same rows.
//   - visible: from the answer to POST /sync until GET with that position has
//     answered, one after the other; beside it a NOTIFY and its arrival plus a
//     commit of one row.
//   - publish: the publisher sends a whole log to a stand-in for SNS in this
//     process; beside it bare loops of PublishBatch, as many as the
//     publisher has calls in flight, in a process of their own.
//   - delivered: from the answer to POST /sync until a queue behind the topic has
//     the message; beside it a bare PublishBatch of one and its arrival.
//   - nomis-write: from the answer to a write of staff until NOMIS, a stand-in in a
//     process of its own, has it; beside it the same calls of NOMIS's API made bare.
//   - nomis-migrate: a migration of all pairs that NOMIS has by a process of the role
//     `nomis work`, and before it one of a tenth of them by another: the note has the
//     memory of both; beside it a bare client that reads the same pages and both
//     mirrors of each pair.
//   - nomis-reconcile: a reconciliation of the pairs that were migrated, of a tenth and of
//     all, measured and compared in the same way. --pairs sets the size of both rows:
//     `bin/bench --rows nomis-migrate,nomis-reconcile --pairs 100000` tells that memory is
//     flat from 10,000 pairs to 100,000.
//   - pages: pages of the screens for a prison of 1,500 people with 4,000 open pairs, one
//     after the other; beside it the API's answer with the list of the same prisoner.
//   - growth: a table of its own. Reads, replay and writes with logs of 10,000 and 100,000
//     facts (GROWTH=1: 1,000,000 too), each a database of its own: wall and CPU time of
//     one operation, memory, and bytes a fact. Each must be flat.
//   - esdb: sync again with an EventStoreDB as the log; beside it what the bare
//     client appends there. Without --eventstore the server is our own
//     esdbserver over the same Postgres, in a process of its own, and the row
//     is information.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // London must be known where the system has no time zones

	"github.com/alecthomas/kong"
)

// cli is what can be asked on the command line.
type cli struct {
	Run     runCmd     `cmd:"" default:"withargs"                                 help:"Measure and print the table."`
	Scale   scaleCmd   `cmd:"" help:"Print the tables of docs/scale.md from a file of --json."`
	Handler handlerCmd `cmd:"" help:"The bare handler that GET is compared with." hidden:""`
	Log     logCmd     `cmd:"" help:"Our own EventStoreDB server over Postgres."  hidden:""`
	Sender  senderCmd  `cmd:"" help:"The bare loops that publish is compared with." hidden:""`
	NOMIS   nomisCmd   `cmd:"" help:"The stand-in for NOMIS." hidden:"" name:"nomis"`
	Service serviceCmd `cmd:"" help:"The service, writing a CPU profile."         hidden:""`
}

// runCmd chooses what is measured and for how long. setDefaults completes and checks
// it.
type runCmd struct {
	Quick       bool          `help:"Short rounds, for a first impression."`
	Rows        []string      `help:"Rows to measure: sync, get, migrate, message-db, replay, rebuild, evidence, visible, publish, delivered, nomis-write, nomis-migrate, nomis-reconcile, pages, growth, esdb."`
	Eventstore  string        `help:"An EventStoreDB (esdb://…) for the row esdb, which is then the only one by default."   placeholder:"URL"`
	Rounds      int           `default:"11"                                                                                 help:"Rounds of each kind."`
	Round       time.Duration `default:"2s"                                                                                 help:"Length of one round."`
	Connections int           `default:"64"                                                                                 help:"Connections of the rows sync, get and esdb."`
	Bulk        int           `default:"50"                                                                                 help:"Pairs in one request of the row migrate."`
	Migrators   int           `default:"16"                                                                                 help:"Connections of the row migrate."`
	Looks       int           `default:"1000"                                                                               help:"Writes of the row visible."`
	Pairs       int           `default:"50000"                                                                                help:"Pairs of the rows nomis-migrate and nomis-reconcile."`
	Facts       []int         `default:"10000,100000" help:"Sizes of the log at which the row growth measures."`
	Growth      bool          `env:"GROWTH" help:"Measure growth at a million facts too."`
	JSON        string        `help:"Write the table and the numbers behind it there." name:"json" placeholder:"FILE"`
	Peers       string        `default:"internal/dev/npm/peers" help:"Where make peers has installed message-db." placeholder:"DIR"`
	Binary      string        `help:"The service's binary; nonassociations beside this one by default."                     placeholder:"FILE"`
	Profile     string        `help:"Write CPU profiles of the service there; it then runs inside this binary."             placeholder:"DIR"`
	DatabaseURL string        `env:"DATABASE_URL"                                                                           help:"A Postgres to use instead of one made for this run; a fresh database is made there and dropped." placeholder:"URL"`
}

func main() {
	// A second signal changes nothing: a service and a Postgres would be left behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var commands cli
	chosen := kong.Parse(&commands, kong.Name("bench"),
		kong.Description("Measure the service beside raw Postgres, and print a table of the ratios."))
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err) // nothing could be measured; a goal that was missed is no error
		os.Exit(1)                             //nolint:gocritic // nothing is left to stop
	}
}

// Run measures the chosen rows and prints the table, also of a run that failed
// half-way. Postgres and all processes of the run are ended before it returns. A goal
// that was missed is no error.
func (c *runCmd) Run(ctx context.Context) error {
	if err := c.setDefaults(); err != nil {
		return err
	}
	h, err := setUp(ctx, *c)
	if err != nil {
		return err
	}
	defer h.close(context.WithoutCancel(ctx))
	table, err := measure(ctx, h)
	if len(table.rows)+len(table.curves) == 0 {
		return err
	}
	table.print(os.Stdout)
	if c.JSON != "" {
		err = errors.Join(err, table.report(time.Now()).write(c.JSON))
	}
	return err
}
