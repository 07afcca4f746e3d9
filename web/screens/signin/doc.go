// Package signin signs users in at the organisation's issuer and keeps their sessions. It
// says who asks for a page, with which roles and caseloads, and renders nothing.
//
// A session is a row of web/screens/store, so replicas share it. Roles come from an access
// token that is renewed when it is older than 60 seconds: a role that the issuer takes away
// is soon gone from the pages.
package signin
