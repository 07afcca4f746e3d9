package npa

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"nonassociations/domain"
)

// never is the expiry date that clears one in NOMIS. An absent one would leave it.
const never = "2999-12-31"

// written is a non-association as the API takes it. The reason codes belong to the
// prisoners in the order of the address. An absent text clears the one in NOMIS.
type written struct {
	OffenderNo    domain.PrisonerNumber `json:"offenderNo,omitempty"` // of a POST alone, like the next
	NSOffenderNo  domain.PrisonerNumber `json:"nsOffenderNo,omitempty"`
	Reason        domain.ReasonCode     `json:"reason"`
	RecipReason   domain.ReasonCode     `json:"recipReason"`
	Type          domain.TypeCode       `json:"type"`
	EffectiveDate string                `json:"effectiveDate"`
	ExpiryDate    *string               `json:"expiryDate,omitempty"` // of a PUT alone
	AuthorisedBy  *string               `json:"authorisedBy,omitempty"`
	Comment       *string               `json:"comment,omitempty"`
}

// contentOf returns what is sent of a detail, the lower number first.
func contentOf(pair domain.Pair, d domain.Detail) written {
	numbers := pair.Numbers()
	return written{
		Reason: d.ReasonCodes[numbers[0]], RecipReason: d.ReasonCodes[numbers[1]], Type: d.TypeCode,
		EffectiveDate: d.EffectiveDate, AuthorisedBy: d.AuthorisedBy, Comment: d.Comment,
	}
}

// Create opens a non-association and returns its sequence. The expiry date and sequence
// of the detail are not sent. The detail must be in canonical form. Errors: ErrAlreadyExists,
// ErrPrisonerUnknown, ErrRefused, ErrMirrorsDisagree, ErrDenied, ErrUnavailable.
func (c *Client) Create(ctx context.Context, pair domain.Pair, d domain.Detail) (sequence int, err error) {
	numbers, content := pair.Numbers(), contentOf(pair, d)
	content.OffenderNo, content.NSOffenderNo = numbers[0], numbers[1]
	body, err := c.call(ctx, http.MethodPost, "/non-associations", content)
	if err == nil {
		sequence, err = readSequence(body)
	}
	if err != nil {
		return 0, fmt.Errorf("create a non-association in NOMIS: %w", err)
	}
	return sequence, nil
}

// Update writes all values of a non-association to both mirrors: a text that is nil is
// cleared, and so is an expiry date. The detail must be in canonical form; its own
// sequence is ignored. Errors: ErrNotFound, ErrPrisonerUnknown, ErrRefused, ErrDenied,
// ErrUnavailable.
func (c *Client) Update(ctx context.Context, pair domain.Pair, sequence int, d domain.Detail) error {
	content, expiry := contentOf(pair, d), never
	if d.ExpiryDate != nil {
		expiry = *d.ExpiryDate
	}
	content.ExpiryDate = &expiry
	if _, err := c.call(ctx, http.MethodPut, sequencePath(pair, sequence), content); err != nil {
		return fmt.Errorf("update a non-association in NOMIS: %w", err)
	}
	return nil
}

// Delete removes a non-association from both mirrors. Errors: ErrNotFound, also when one
// mirror alone lacks it; ErrPrisonerUnknown, ErrMirrorsDisagree, ErrDenied, ErrUnavailable.
func (c *Client) Delete(ctx context.Context, pair domain.Pair, sequence int) error {
	if _, err := c.call(ctx, http.MethodDelete, sequencePath(pair, sequence), nil); err != nil {
		return fmt.Errorf("delete a non-association in NOMIS: %w", err)
	}
	return nil
}

func sequencePath(pair domain.Pair, sequence int) string {
	numbers := pair.Numbers()
	return fmt.Sprintf("%s/sequence/%d", mirrorPath(numbers[0], numbers[1]), sequence)
}

// mirrorPath is the address of the mirror of one prisoner.
func mirrorPath(of, about domain.PrisonerNumber) string {
	return "/non-associations/offender/" + url.PathEscape(string(of)) + "/ns-offender/" + url.PathEscape(string(about))
}
