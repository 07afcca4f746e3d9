package screens

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// Names of hidden fields.
const (
	hiddenForm = "formId"
	hiddenKey  = "key"
	hiddenUser = "user"
	hiddenETag = "etag"
)

// draft is what stands in a form.
type draft struct {
	values url.Values        // of the fields, as typed
	faults map[string]string // by field
	key    uuid.UUID         // of the form: what is typed into it is saved once
	etag   string            // the last change of the record that the user saw
}

// draftOf returns the draft that a request carries. A key that is none of ours is
// replaced: the request then counts as one of its own.
func draftOf(sent url.Values, newID func() uuid.UUID) draft {
	d := draft{values: sent, etag: one(sent, hiddenETag)}
	var err error
	if d.key, err = uuid.Parse(one(sent, hiddenKey)); err != nil {
		d.key = newID()
	}
	return d
}

// seen returns the change that the user saw. A tag that is none of ours matches none: an
// empty list would let a save overwrite what nobody has seen.
func (d draft) seen() domain.FactsSeen {
	id, err := uuid.Parse(d.etag)
	if err != nil || id == uuid.Nil {
		id = uuid.Max
	}
	return domain.FactsSeen{id}
}

// check returns the values of the fields, and notes the faults.
func (d *draft) check(fields []field) map[string]string {
	values := map[string]string{}
	d.faults = map[string]string{}
	for _, f := range fields {
		value, fault := f.valueIn(d.values)
		values[f.name] = value
		if fault != "" {
			d.faults[f.name] = fault
		}
	}
	return values
}

// valueIn returns the value of a field as it is stored, and what is wrong with it.
func (f field) valueIn(sent url.Values) (value, fault string) {
	if f.choices != nil {
		value = f.chosen(sent)
		if value == "" {
			return "", f.missing
		}
		return value, ""
	}
	switch err := domain.CheckTyped(one(sent, f.name), f.limit); {
	case errors.Is(err, domain.ErrBlank):
		return "", f.missing
	case errors.Is(err, domain.ErrTooLong):
		return "", f.long
	case err != nil:
		return "", f.refused
	}
	return text(sent, f.name), ""
}

// chosen returns the value of a choice; "" for one that is not offered.
func (f field) chosen(sent url.Values) string {
	value := one(sent, f.name)
	for _, choice := range f.choices {
		if choice.Value == value {
			return value
		}
	}
	return ""
}

// words returns what was typed or chosen, as a text.
func (f field) words(sent url.Values) string {
	for _, choice := range f.choices {
		if choice.Value == one(sent, f.name) {
			return choice.Text
		}
	}
	if f.choices != nil {
		return ""
	}
	return text(sent, f.name)
}

// links returns the error summary, in the order of the fields.
func (d draft) links(form string, fields []field) []govuk.ErrorLink {
	var links []govuk.ErrorLink
	for _, f := range fields {
		if fault := d.faults[f.name]; fault != "" {
			links = append(links, govuk.ErrorLink{Text: fault, Href: "#" + form + "-" + f.name})
		}
	}
	return links
}

// idempotencyKey returns the key of a save: the same content of the same form on the same
// page is one command. Users are clients of their own, apart from those of the API.
func (d draft) idempotencyKey(user, path string, fields []field, values map[string]string) *commands.IdempotencyKey {
	content := withLength(nil, path)
	for _, f := range fields {
		content = withLength(withLength(content, f.name), values[f.name])
	}
	return &commands.IdempotencyKey{
		Client: "screens:" + user, Name: uuid.NewSHA1(d.key, content).String(), Request: sha256.Sum256(content),
	}
}

// withLength appends a text with its length, so that no two lists of texts are alike.
func withLength(content []byte, text string) []byte {
	content = binary.BigEndian.AppendUint64(content, uint64(len(text)))
	return append(content, text...)
}

// sameText reports whether two comments are the same but for ends of lines and the blanks
// around them, which a browser does not keep.
func sameText(a, b string) bool {
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	return strings.TrimSpace(lines.Replace(a)) == strings.TrimSpace(lines.Replace(b))
}
