package screens

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// send draws an answer, records the view, and sends it. Nothing is sent before the view is
// recorded: when that fails the answer is 503 without a body.
func (s *Screens) send(ctx context.Context, w http.ResponseWriter, v *visit, rt route, out answer) {
	nonce := newNonce()
	kind, body, err := s.draw(ctx, v, out, nonce)
	if err != nil {
		s.logger.ErrorContext(ctx, "page not drawn", "requestId", v.id, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if err := s.record(ctx, v, rt, out, body); err != nil {
		s.logger.ErrorContext(ctx, "view not recorded, so the page was not sent", "requestId", v.id, "error", err)
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	for _, cookie := range out.cookies {
		http.SetCookie(w, cookie)
	}
	if out.position != 0 {
		h.Set("X-Position", strconv.FormatUint(out.position, 10))
	}
	if out.failure != nil && out.failure.allow != "" {
		h.Set("Allow", out.failure.allow)
	}
	status := out.statusOf(v.request.Method)
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	if out.redirect != "" {
		h.Set("Location", out.redirect)
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Type", kind)
	if out.file != nil {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": out.file.name}))
	} else {
		h.Set("Content-Security-Policy", policy(nonce, s.components.origin()))
	}
	write(w, v.request, status, body)
}

// retryAfter is the number of seconds after which a 503 may be gone.
const retryAfter = "1"

// draw returns the body of an answer with its content type.
func (s *Screens) draw(ctx context.Context, v *visit, out answer, nonce string) (kind string, body []byte, err error) {
	if out.redirect != "" {
		return "", nil, nil
	}
	if out.file != nil {
		return "text/csv; charset=utf-8", out.file.body, nil
	}
	body, err = s.pages.Render(s.layout(ctx, v, out, nonce), reflect.TypeOf(out.page).Name(), out.page)
	return "text/html; charset=utf-8", body, err
}

// layout returns what stands around the content of a page. What it waits for may be away
// together: it leaves time to record the view.
func (s *Screens) layout(ctx context.Context, v *visit, out answer, nonce string) govuk.Layout {
	ctx, cancel := context.WithTimeout(ctx, s.answerTime()/2)
	defer cancel()
	layout := govuk.Layout{
		Title: out.title, Nonce: nonce, Saved: out.saved, Saving: out.saving, Done: out.done,
		Warnings: out.warnings, Errors: out.errors, Refresh: out.refresh,
		Typed: v.request.Method == http.MethodPost && v.session != nil && keepsTyped(out.statusOf(v.request.Method)),
	}
	if v.session == nil {
		return layout
	}
	layout.User = s.userOf(ctx, v)
	layout.Breadcrumbs = s.breadcrumbs(out.crumbs, v.request.URL.Path == "/")
	layout.SwitchOver = s.announcements(ctx, v)
	layout.Session = s.sessionEnd(v)
	if v.request.Method == http.MethodGet {
		layout.Estate = s.components.get(ctx, v.session.AccessToken)
	}
	layout.Print = &govuk.Print{User: v.session.UserName, At: v.now, Position: out.position}
	if out.position != 0 {
		if at, known := s.fresh.upTo(ctx, out.position); known {
			layout.UpTo = govuk.UpTo(at.In(v.now.Location()), v.now)
		}
	}
	return layout
}

// keepsTyped reports whether an answer of a status to a POST holds what was typed.
func keepsTyped(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusConflict || status == http.StatusServiceUnavailable
}

// breadcrumbs begin with the services of the estate, where their address is known. The last
// one of the first page is the page itself.
func (s *Screens) breadcrumbs(own []crumb, atHome bool) []govuk.Link {
	var all []govuk.Link
	if s.dpsURL != "" {
		all = append(all, govuk.Link{Text: "Digital Prison Services", Href: s.dpsURL})
	}
	first := govuk.Link{Text: listTitle, Href: "/"}
	if atHome {
		first.Href = ""
	}
	all = append(all, first)
	for _, c := range own {
		all = append(all, govuk.Link{Text: c.text, Href: c.href})
	}
	return all
}

// minZipped is the size from which an answer is compressed, in bytes.
const minZipped = 1 << 10

// write sends a body, compressed when the client takes that and it is worth it.
func write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if len(body) > minZipped && govuk.TakesGzip(r) {
		if zipped, err := zip(body); err == nil {
			h.Set("Content-Encoding", "gzip")
			body = zipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// zip compresses a body.
func zip(body []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	_, _ = w.Write(body) // a buffer takes everything
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return out.Bytes(), nil
}

// announcements says from when the prisons of the user's caseloads use this service, one
// paragraph a prison. A log that does not answer costs the announcement alone, and a page
// in two seconds half a second.
func (s *Screens) announcements(ctx context.Context, v *visit) []string {
	if s.notTold.lasts(v.now) {
		return nil
	}
	asked, cancel := context.WithTimeout(ctx, announcementTime)
	defer cancel()
	state, err := s.commands.CachedSwitchOver(asked)
	if err != nil {
		s.notTold.begins(ctx, v.now)
		return nil
	}
	return announced(state, v.session.Caseloads, func(id domain.PrisonID) string { return s.prisonName(ctx, v, id) })
}

// announcementTime bounds how long a page waits for the switch-over.
const announcementTime = headTimeout

// joined joins the words of a sentence that are not empty.
func joined(words ...string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
