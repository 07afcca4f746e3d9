package app

import (
	"context"
	"fmt"
	"log/slog"
)

// masked stands where a prisoner number was.
const masked = "*******"

// Masked is a handler before which every prisoner number in a line is masked: in
// the message, in texts, errors and whatever else prints itself. Nobody writes
// one on purpose; a stream's name or a driver's error may carry it.
func Masked(handler slog.Handler) slog.Handler { return maskHandler{handler} }

type maskHandler struct{ slog.Handler }

// Handle is slog.Handler's. A line that has nothing to mask is passed on as it is.
func (m maskHandler) Handle(ctx context.Context, record slog.Record) error {
	message, changed := mask(record.Message), false
	attributes := make([]slog.Attr, 0, record.NumAttrs())
	record.Attrs(func(a slog.Attr) bool {
		clean, was := maskAttr(a)
		attributes, changed = append(attributes, clean), changed || was
		return true
	})
	if changed || message != record.Message {
		record = slog.NewRecord(record.Time, record.Level, message, record.PC)
		record.AddAttrs(attributes...)
	}
	return m.Handler.Handle(ctx, record)
}

// WithAttrs is slog.Handler's.
func (m maskHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attributes))
	for i, a := range attributes {
		clean[i], _ = maskAttr(a)
	}
	return maskHandler{m.Handler.WithAttrs(clean)}
}

// WithGroup is slog.Handler's.
func (m maskHandler) WithGroup(name string) slog.Handler {
	return maskHandler{m.Handler.WithGroup(name)}
}

// maskAttr tells whether there was anything to mask.
func maskAttr(a slog.Attr) (slog.Attr, bool) {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		return maskText(a, value.String())
	case slog.KindGroup:
		return maskGroup(a, value.Group())
	case slog.KindAny:
		// Numbers of any type print no letters; all else may hold a text somewhere.
		return maskText(a, fmt.Sprintf("%+v", value.Any()))
	default:
		return a, false
	}
}

func maskText(a slog.Attr, text string) (slog.Attr, bool) {
	clean := mask(text)
	if clean == text {
		return a, false
	}
	return slog.String(a.Key, clean), true
}

func maskGroup(a slog.Attr, group []slog.Attr) (slog.Attr, bool) {
	clean, changed := make([]slog.Attr, len(group)), false
	for i, member := range group {
		var was bool
		clean[i], was = maskAttr(member)
		changed = changed || was
	}
	if !changed {
		return a, false
	}
	return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}, true
}

// numberLength is that of A1234BC.
const numberLength = len(masked)

// mask is a text with every prisoner number in it masked, and the text itself
// where there is none: it is looked at byte by byte, as a line is written for
// every request.
func mask(text string) string {
	var clean []byte
	for i := 0; i+numberLength <= len(text); i++ {
		if !isNumber(text[i : i+numberLength]) {
			continue
		}
		if clean == nil {
			clean = []byte(text)
		}
		copy(clean[i:], masked)
		i += numberLength - 1
	}
	if clean == nil {
		return text
	}
	return string(clean)
}

// isNumber takes capitals only: in small letters it would tear ids apart, which
// are hexadecimal, and numbers are raised where they come in.
func isNumber(text string) bool {
	return isLetter(text[0]) && isDigit(text[1]) && isDigit(text[2]) && isDigit(text[3]) && isDigit(text[4]) &&
		isLetter(text[5]) && isLetter(text[6])
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isLetter(b byte) bool { return 'A' <= b && b <= 'Z' }
