package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/signin"
)

const addPage = "/prisoner/A1234BC/non-associations/add/with-prisoner/D5678EF"

var typed = url.Values{"comment": {"Threat overheard\r\non the landing"}, "reason": {"THREAT"}}

// keep sends a form without a session.
func (b *browser) keep(page string, fields url.Values) bool {
	b.f.t.Helper()
	kept, err := b.f.KeepForm(b.f.t.Context(), b.request(http.MethodPost, page), fields)
	require.NoError(b.f.t, err)
	return kept
}

// takes is what the page finds of a form.
func (b *browser) takes(user, page string) url.Values {
	b.f.t.Helper()
	fields, err := b.f.TakeKeptForm(b.f.t.Context(), b.is(user), b.request(http.MethodGet, page))
	require.NoError(b.f.t, err)
	return fields
}

func TestForm_isKeptForItsUserAlone(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	f.Move(idle)
	b.isNobody()
	require.True(t, b.keep(addPage, typed))
	require.NotContains(t, f.dump(), "overheard")
	require.NotContains(t, f.dump(), hexOf("overheard"))

	require.Equal(t, "/", b.signIn("OFFICER_B"))
	require.Nil(t, b.takes("OFFICER_B", addPage))
	fields, err := f.KeptForm(t.Context(), b.is("OFFICER_B"), b.request(http.MethodGet, addPage))
	require.NoError(t, err)
	require.Nil(t, fields)
	require.Equal(t, addPage, b.signIn("OFFICER_A"))
	page, err := f.KeptPage(t.Context(), "OFFICER_A")
	require.NoError(t, err)
	require.Equal(t, addPage, page)
	require.Nil(t, b.takes("OFFICER_A", "/prisoner/A1234BC/non-associations/add/with-prisoner/A9109UD"))
	for range 2 {
		fields, err := f.KeptForm(t.Context(), b.is("OFFICER_A"), b.request(http.MethodGet, addPage))
		require.NoError(t, err)
		require.Equal(t, typed, fields)
	}
	require.Equal(t, typed, b.takes("OFFICER_A", addPage))
	require.Nil(t, b.takes("OFFICER_A", addPage), "it counts once")
	require.Equal(t, "/", b.signIn("OFFICER_A"))
}

func TestForm_isKeptAfterEachKindOfEnd(t *testing.T) {
	for name, end := range map[string]func(f *fixture, b *browser){
		"idle and not asked": func(f *fixture, _ *browser) { f.Move(idle) },
		"lifetime":           func(f *fixture, _ *browser) { f.Move(lifetime) },
		"pruned":             func(f *fixture, _ *browser) { f.Move(idle); require.NoError(f.t, f.Prune(f.t.Context())) },
		"revoked": func(f *fixture, b *browser) {
			f.issuer.Revoke("OFFICER_A")
			f.Move(time.Minute + time.Second)
			b.isNobody()
		},
		"signed out": func(f *fixture, b *browser) {
			_, err := f.SignOut(f.t.Context(), b.request(http.MethodGet, "/sign-out"))
			require.NoError(f.t, err)
		},
	} {
		f := newFixture(t)
		b := f.browser()
		b.signIn("OFFICER_A")
		end(f, b)
		require.True(t, b.keep(addPage, typed), name)
		f.Move(keepForm - time.Second)
		require.Equal(t, addPage, b.signIn("OFFICER_A"), name)
		require.Equal(t, typed, b.takes("OFFICER_A", addPage), name)
	}
}

func TestForm_isNotKept(t *testing.T) {
	f := newFixture(t)
	b, stranger := f.browser(), f.browser()
	b.signIn("OFFICER_A")
	require.False(t, b.keep(addPage, typed), "the session lasts")
	require.False(t, stranger.keep(addPage, typed), "no cookie")
	stranger.cookies[sessionCookie] = strings.Repeat("A", 43)
	require.False(t, stranger.keep(addPage, typed), "no such session")
	f.Move(idle)
	require.False(t, b.keep("//elsewhere.test/", typed))
	require.False(t, b.keep(addPage, url.Values{"comment": {strings.Repeat("a", signin.MaxForm)}}))
	require.Zero(t, f.count(`SELECT count(*) FROM screens.kept_form`))

	require.True(t, b.keep(addPage, url.Values{"comment": {strings.Repeat("a", signin.MaxForm-len("comment="))}}))
	f.Move(keepForm)
	require.Equal(t, "/", b.signIn("OFFICER_A"), "too late")
	require.Nil(t, b.takes("OFFICER_A", addPage))
	require.NoError(t, f.Prune(t.Context()))
	require.Zero(t, f.count(`SELECT count(*) FROM screens.kept_form`))
}

// TestForms_ofTwoTabs are kept both; those of one user are bounded.
func TestForms_ofTwoTabs(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	f.Move(idle)
	require.True(t, b.keep(addPage, url.Values{"comment": {"first"}}))
	f.Move(time.Second)
	require.True(t, b.keep(addPage, typed))
	f.Move(time.Second)
	require.True(t, b.keep("/caseload", url.Values{"caseload": {"XAA"}}))
	require.Equal(t, "/caseload", b.signIn("OFFICER_A"))
	require.Equal(t, url.Values{"caseload": {"XAA"}}, b.takes("OFFICER_A", "/caseload"))
	require.Equal(t, addPage, b.signIn("OFFICER_A"))
	require.Equal(t, typed, b.takes("OFFICER_A", addPage))
	f.Move(idle)
	for i := range 40 {
		require.True(t, b.keep("/caseload/x"+strings.Repeat("i", i), typed))
		f.Move(time.Second)
	}
	require.Equal(t, 20, f.count(`SELECT count(*) FROM screens.kept_form`))
}
