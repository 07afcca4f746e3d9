package eventstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Cause is why a log is not reached, of a closed set: it names no host, no user
// and no text of a driver, so that it may be shown to anybody. "" is none.
type Cause string

// The causes, in the words that logs and health show.
const (
	CauseRefused     Cause = "refused"                 // nothing listens at the address
	CauseHostUnknown Cause = "host unknown"            // its name leads nowhere
	CauseNoTLS       Cause = "no TLS there"            // the address wants TLS, the server speaks none
	CauseTLSWanted   Cause = "TLS wanted"              // the server speaks TLS, the address says not to
	CauseNotTrusted  Cause = "certificate not trusted" // of an unknown authority, for another name, or not in its time
	CauseNoLeader    Cause = "no leader"               // nodes answer, and none of them may write
	CauseDenied      Cause = "denied"                  // no right, or a wrong user or password
	CauseSilent      Cause = "silent"                  // no answer in time, or none that a log would give
)

// Causes are all of them, the most telling first: of several nodes that are not
// reached for different causes, the first in this order is the one to tell.
func Causes() []Cause {
	return []Cause{
		CauseDenied, CauseNotTrusted, CauseNoTLS, CauseTLSWanted, CauseNoLeader, CauseSilent, CauseRefused, CauseHostUnknown,
	}
}

// Unreached is the error of a call that reached no log. It is whatever Err is
// beside; Detail is for logs alone.
type Unreached struct {
	Cause  Cause
	Detail string // the words of the network, "" when there are no more
	Err    error
}

// Error names the cause first.
func (u *Unreached) Error() string {
	if u.Detail == "" {
		return fmt.Sprintf("the event store is not reached, %s: %v", u.Cause, u.Err)
	}
	return fmt.Sprintf("the event store is not reached, %s (%s): %v", u.Cause, u.Detail, u.Err)
}

func (u *Unreached) Unwrap() error { return u.Err }

// CauseOf is the cause that an error of a Store carries, "" when it has none.
func CauseOf(err error) Cause {
	var unreached *Unreached
	switch {
	case errors.As(err, &unreached):
		return unreached.Cause
	case errors.Is(err, ErrDenied):
		return CauseDenied
	}
	return ""
}

// NetworkCause reads the cause from an error of a dial, a TLS handshake or a read
// from the network, "" when it tells none.
func NetworkCause(err error) Cause {
	var (
		name     *net.DNSError
		checked  *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		other    x509.HostnameError
		invalid  x509.CertificateInvalidError
		noRecord tls.RecordHeaderError
		timeout  net.Error
	)
	switch {
	case errors.As(err, &name):
		return CauseHostUnknown
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT): // no socket of that name
		return CauseRefused
	case errors.As(err, &checked), errors.As(err, &unknown), errors.As(err, &other), errors.As(err, &invalid):
		return CauseNotTrusted
	case errors.As(err, &noRecord):
		return CauseNoTLS
	case Alerted(err): // it does not take us: it wants a certificate of ours
		return CauseDenied
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return CauseSilent
	}
	return ""
}

// Alerted reports whether an error is what the other side of TLS refuses us with.
func Alerted(err error) bool {
	var said *net.OpError
	return errors.As(err, &said) && said.Op == "remote error"
}
