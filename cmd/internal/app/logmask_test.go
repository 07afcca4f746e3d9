package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
)

// late is a value that says what it is only when it is logged.
type late struct{ number domain.PrisonerNumber }

func (l late) LogValue() slog.Value { return slog.StringValue("of " + string(l.number)) }

func TestLogLine_holdsNoPrisonerNumber(t *testing.T) {
	var lines bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{ReplaceAttr: app.MaskAttr}))
	pair := struct{ First, Second domain.PrisonerNumber }{"A1234BC", "D5678EF"}
	err := fmt.Errorf("append nonAssociation-A1234BC_D5678EF: %w", errors.New("refused"))
	logger.Warn("A1234BC and D5678EF",
		"text", "xA1234BCD5678EFx", "stream", domain.PrisonerNumber("A1234BC"), "error", err, "late", late{"A1234BC"},
		"any", pair, "pointer", &pair, "list", []domain.PrisonerNumber{"A1234BC"}, slog.Group("group", "in", "A1234BC", "n", 1))
	logger.With("of", "A1234BC").WithGroup("inner").Info("fine", "err", err)
	require.NotRegexp(t, `[A-Z][0-9]{4}[A-Z]{2}`, lines.String())
	require.Contains(t, lines.String(), `"msg":"******* and *******"`)
	require.Contains(t, lines.String(), `"error":"append nonAssociation-*******_*******: refused"`)
	require.Contains(t, lines.String(), `"group":{"in":"*******","n":1}`)
	require.Contains(t, lines.String(), `"of":"*******"`)
}

func TestLine_withoutANumberIsLeftAsItIs(t *testing.T) {
	var plain, through bytes.Buffer
	options := func(replace func([]string, slog.Attr) slog.Attr) *slog.HandlerOptions {
		return &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return replace(groups, a)
		}}
	}
	same := func(_ []string, a slog.Attr) slog.Attr { return a }
	for _, logger := range []*slog.Logger{
		slog.New(slog.NewJSONHandler(&plain, options(same))), slog.New(slog.NewJSONHandler(&through, options(app.MaskAttr))),
	} {
		logger.With("id", "a1234bc0-0000-4000-8000-0a1234bcd5ef").Info("A1234B, A123BC, 1234BC", "n", 7, "error", errors.New("x"),
			"list", []string{"a"}, "nothing", nil, slog.Group("g", "k", "v"), "bytes", []byte("x"))
	}
	require.Equal(t, plain.String(), through.String())
}
