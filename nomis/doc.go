// Package nomis is the only room that deals with the legacy system. So far it
// listens to what NOMIS says of prisoners' identities: two numbers that turn out
// to be one prisoner, and bookings that turn out to be another prisoner's.
package nomis
