package projections_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/projections"
)

// anyOf fills whatever it is given, fields that are added one day too. Lists
// and maps have one or two entries, or are left out.
func anyOf(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case domain.Pair:
		v.Set(reflect.ValueOf(pairOf(t, "A0001AA", "A0002AA")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(noon.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "time")))))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "number"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "truth"))
	case reflect.Struct:
		for _, field := range v.Fields() {
			anyOf(t, field)
		}
	default:
		if rapid.Bool().Draw(t, "there") {
			some(t, v)
		}
	}
}

// some is anyOf for what may be left out.
func some(t *rapid.T, v reflect.Value) {
	count := rapid.IntRange(1, 2).Draw(t, "count")
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		anyOf(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), count, count))
		for i := range count {
			anyOf(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range count {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			anyOf(t, key)
			anyOf(t, value)
			v.SetMapIndex(key, value)
		}
	default:
		t.Fatalf("a state has a %s, which anyOf cannot fill", v.Kind())
	}
}

func TestState_readsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state, read domain.State
		anyOf(t, reflect.ValueOf(&state).Elem())
		written, err := projections.AppendState(nil, state)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(written, &read), string(written))
		require.Equal(t, state, read)
	})
}

// requireStatesOf compares the state of every pair with what folding its facts
// gives, of which nothing was left out.
func requireStatesOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	rows, err := conn.Query(context.Background(), `SELECT state FROM read_1.pair`)
	require.NoError(t, err)
	states, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Len(t, states, len(log.states))
	for _, written := range states {
		var state domain.State
		require.NoError(t, json.Unmarshal([]byte(written), &state))
		require.Equal(t, log.states[state.Pair], state)
	}
}
