package strictjson_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/strictjson"
)

// readFlag reads {"on": true or false}, where on is required.
func readFlag(text string) (bool, error) {
	var on strictjson.Field[bool]
	d := strictjson.NewDecoder(strings.NewReader(text))
	err := d.RequiredObject(func(string) error { return strictjson.Flag(d, &on) }, func() { strictjson.Need(d, on, "on") })
	return on.Value, d.Result(err)
}

func TestFlag_isTrueOrFalseAndNothingElse(t *testing.T) {
	for _, want := range []bool{true, false} {
		got, err := readFlag(map[bool]string{true: `{"on": true}`, false: `{"on": false}`}[want])
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for text, detail := range map[string]string{
		`{}`: "must be given", `{"on": null}`: "must be given", `{"on": "true"}`: "must be true or false",
		`{"on": 1}`: "must be true or false", `{"on": []}`: "must be true or false",
	} {
		_, err := readFlag(text)
		var invalid *strictjson.InvalidError
		require.ErrorAs(t, err, &invalid, text)
		require.Equal(t, []strictjson.Fault{{Pointer: "/on", Detail: detail}}, invalid.Faults, text)
	}
	for _, text := range []string{`{"on": True}`, `{"on": tru}`, `{"on": true, "on": true}`} {
		_, err := readFlag(text)
		var syntax *strictjson.SyntaxError
		require.ErrorAs(t, err, &syntax, text)
	}
}
