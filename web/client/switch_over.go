package client

import (
	"context"
	"net/http"
	"net/url"

	"nonassociations/domain"
)

// Staging is the body of StagePrison.
type Staging struct {
	Stage  domain.Stage `json:"stage"`
	Reason string       `json:"reason"`
}

// Announcing is the body of AnnouncePrison. A blank Text takes the announcement back;
// any other needs the day From.
type Announcing struct {
	From   string `json:"from,omitzero"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// Switching is the body of SwitchOutbound.
type Switching struct {
	On     bool   `json:"on"`
	Reason string `json:"reason"`
}

// InboundSwitching is the body of SwitchInbound. Force ends inbound although a known
// prison is not at DPS.
type InboundSwitching struct {
	Switching

	Force bool `json:"force,omitzero"`
}

// LegacySwitching is the body of SwitchLegacy. With Minutes the list is on again by
// itself.
type LegacySwitching struct {
	Switching

	Minutes int `json:"minutes,omitzero"`
}

// ofPrison is the path of a prison in the switch-over.
const ofPrison = "/nomis/switch-over/prisons/{}"

// SwitchOver returns how far the switch-over from NOMIS is.
func (c *Client) SwitchOver(ctx context.Context, ask Read) (Response[SwitchOver], error) {
	query, header := ask.set(url.Values{})
	return send[SwitchOver](ctx, c, request{method: http.MethodGet, path: "/nomis/switch-over", query: query, header: header})
}

// SwitchOverHistory returns the facts of the switch-over, oldest first.
func (c *Client) SwitchOverHistory(ctx context.Context, ask Read) (Response[[]SwitchOverEntry], error) {
	query, header := ask.set(url.Values{})
	return send[[]SwitchOverEntry](ctx, c, request{method: http.MethodGet, path: "/nomis/switch-over/history", query: query, header: header})
}

// StagePrison moves a prison to a stage.
func (c *Client) StagePrison(ctx context.Context, prisonID string, part Correlation, body Staging) (Response[Prison], error) {
	return send[Prison](ctx, c, request{method: http.MethodPut, path: queryOf(ofPrison, prisonID), header: part.headers(), body: body})
}

// AnnouncePrison tells staff of a prison when they switch over.
func (c *Client) AnnouncePrison(ctx context.Context, prisonID string, part Correlation, body Announcing) (Response[Prison], error) {
	path := queryOf(ofPrison+"/announcement", prisonID)
	return send[Prison](ctx, c, request{method: http.MethodPut, path: path, header: part.headers(), body: body})
}

// SwitchInbound ends or resumes what NOMIS may change. A prison that is not at DPS is an
// [Error] with status 409.
func (c *Client) SwitchInbound(ctx context.Context, part Correlation, body InboundSwitching) (Response[SwitchOver], error) {
	return send[SwitchOver](ctx, c, request{method: http.MethodPut, path: "/nomis/switch-over/inbound", header: part.headers(), body: body})
}

// SwitchOutbound ends or resumes what is written to NOMIS.
func (c *Client) SwitchOutbound(ctx context.Context, part Correlation, body Switching) (Response[SwitchOver], error) {
	return send[SwitchOver](ctx, c, request{method: http.MethodPut, path: "/nomis/switch-over/outbound", header: part.headers(), body: body})
}

// SwitchLegacy ends or resumes the legacy list.
func (c *Client) SwitchLegacy(ctx context.Context, part Correlation, body LegacySwitching) (Response[SwitchOver], error) {
	return send[SwitchOver](ctx, c, request{method: http.MethodPut, path: "/nomis/legacy", header: part.headers(), body: body})
}
