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

// Cause is the reason why a log cannot be reached. It is one of a closed set and
// names no host, no user and no text of a driver, so health may show it without a
// token. "" means none.
type Cause string

// The causes, with the values that logs and health show: never change one.
const (
	CauseRefused     Cause = "refused"                 // nothing listens at the address
	CauseHostUnknown Cause = "host unknown"            // the name does not resolve
	CauseNoTLS       Cause = "no TLS there"            // the address wants TLS, the server speaks none
	CauseTLSWanted   Cause = "TLS wanted"              // the server speaks TLS, the address disables it
	CauseNotTrusted  Cause = "certificate not trusted" // of an unknown authority, for another name, or not in its time
	CauseNoLeader    Cause = "no leader"               // nodes answer, and none of them may write
	CauseDenied      Cause = "denied"                  // no right, or a wrong user or password
	CauseSilent      Cause = "silent"                  // no answer in time, or none that a log would give
)

// Causes returns all causes, the most specific first. When several nodes fail for
// different causes, the first in this order is reported.
func Causes() []Cause {
	return []Cause{
		CauseDenied, CauseNotTrusted, CauseNoTLS, CauseTLSWanted, CauseNoLeader, CauseSilent, CauseRefused, CauseHostUnknown,
	}
}

// Unreached is the error of a call that reached no log. errors.Is and errors.As see
// Err as well. Detail is for logs alone.
type Unreached struct {
	Cause  Cause
	Detail string // the text of the network error; "" when there is none
	Err    error
}

// Error names the cause first.
func (u *Unreached) Error() string {
	if u.Detail == "" {
		return fmt.Sprintf("the event store is not reached, %s: %v", u.Cause, u.Err)
	}
	return fmt.Sprintf("the event store is not reached, %s (%s): %v", u.Cause, u.Detail, u.Err)
}

// Unwrap returns Err.
func (u *Unreached) Unwrap() error { return u.Err }

// CauseOf returns the cause that an error of a Store carries; "" when it has none.
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

// NetworkCause derives the cause from an error of a dial, a TLS handshake or a
// network read. It returns "" for any other error.
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
	case IsTLSAlert(err): // the server wants a client certificate
		return CauseDenied
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return CauseSilent
	}
	return ""
}

// IsTLSAlert reports whether an error is a TLS alert from the server, with which it
// refuses the handshake.
func IsTLSAlert(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error"
}
