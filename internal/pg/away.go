package pg

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsAway reports whether an error of the driver is about the server or the way to it, and
// not about the statement: the same statement may succeed later. The end of the caller's
// context is no such error.
func IsAway(err error) bool {
	var answered *pgconn.PgError
	var connecting *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &connecting):
		return true
	case errors.As(err, &answered):
		return isOfServer(answered.Code)
	}
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}

// isOfServer reports whether an SQLSTATE is a lost connection, a rollback by the server,
// missing resources, a shutdown, or a fault of its machine.
func isOfServer(code string) bool {
	for _, class := range []string{"08", "40", "53", "57", "58"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}
