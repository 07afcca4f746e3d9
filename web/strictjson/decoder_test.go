package strictjson_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/strictjson"
)

var errSmall = errors.New("must be small")

// read reads {"name": text, "size": number below 10}, where the name is required.
func read(text string) (name string, size *int, err error) {
	var n strictjson.Field[string]
	var s strictjson.Field[int]
	d := strictjson.NewDecoder(strings.NewReader(text))
	err = d.RequiredObject(func(field string) error {
		switch field {
		case "name":
			return strictjson.Text(d, &n, func(s string) (string, error) { return s, nil })
		case "size":
			return strictjson.Number(d, &s, func(s string) (int, error) {
				if len(s) > 1 {
					return 0, errSmall
				}
				return strconv.Atoi(s)
			})
		}
		return d.Skip()
	}, func() { strictjson.Need(d, n, "name") })
	if err == nil {
		err = d.End()
	}
	return n.Value, s.Optional(), d.Result(err)
}

func TestDecoder_readsWhatIsValid(t *testing.T) {
	name, size, err := read(`{"other": [{}], "size": 7, "name": "x"} `)
	require.NoError(t, err)
	require.Equal(t, "x", name)
	require.Equal(t, 7, *size)

	_, size, err = read(`{"name": "x", "size": null}`)
	require.NoError(t, err)
	require.Nil(t, size, "null is absent")
}

func TestDecoder_namesEveryBadValue(t *testing.T) {
	for text, faults := range map[string][]strictjson.Fault{
		`{"size": 10, "name": 1}`: {{Pointer: "/size", Detail: "must be small"}, {Pointer: "/name", Detail: "must be a text"}},
		`{"size": "1"}`:           {{Pointer: "/size", Detail: "must be a number"}, {Pointer: "/name", Detail: "must be given"}},
		`{"name": null}`:          {{Pointer: "/name", Detail: "must be given"}},
		`null`:                    {{Pointer: "", Detail: "must be an object"}},
		`[1]`:                     {{Pointer: "", Detail: "must be an object"}},
	} {
		_, _, err := read(text)
		var invalid *strictjson.InvalidError
		require.ErrorAs(t, err, &invalid, text)
		require.Equal(t, faults, invalid.Faults, text)
		require.Zero(t, invalid.More, text)
	}
}

func TestDecoder_refusesWhatIsNotStrict(t *testing.T) {
	for text, expected := range map[string]strictjson.SyntaxError{
		`{"name": "x", "name": "y"}`:  {Pointer: "/name", Detail: "the same key twice"},
		`{"name": "x"`:                {Pointer: "", Detail: "it ends too early"},
		"{\"name\": \"\xff\"}":        {Pointer: "/name", Detail: "not JSON in UTF-8 at byte 10"},
		`{"name": "x"} {}`:            {Pointer: "", Detail: "not one whole JSON value"},
		`{"name": "x", "size": 10} ]`: {Pointer: "", Detail: "not JSON in UTF-8 at byte 26"},
	} {
		_, _, err := read(text)
		var syntax *strictjson.SyntaxError
		require.ErrorAs(t, err, &syntax, text)
		require.Equal(t, expected, *syntax, text)
	}
}

func TestDecoder_boundsItsFaults(t *testing.T) {
	d := strictjson.NewDecoder(strings.NewReader("[" + strings.Repeat("0,", 1999) + "0]"))
	_, err := d.Array(func() error {
		return strictjson.Text(d, new(strictjson.Field[string]), func(s string) (string, error) { return s, nil })
	})
	require.NoError(t, err)
	require.False(t, d.Valid())
	var invalid *strictjson.InvalidError
	require.ErrorAs(t, d.Result(nil), &invalid)
	require.Len(t, invalid.Faults, 1000)
	require.Equal(t, 1000, invalid.More)
	require.EqualError(t, invalid, "/0 must be a text, and 1999 more")
}
