package esdb

import (
	"errors"
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
)

// failedWith is an answer with one detail; nil: with none.
func failedWith(t testing.TB, text string, detail protoadapt.MessageV1) *streams.BatchAppendResp {
	failed := status.New(codes.Unknown, text)
	if detail != nil {
		var err error
		failed, err = failed.WithDetails(detail)
		require.NoError(t, err)
	}
	return &streams.BatchAppendResp{CorrelationId: structured(1, 2), Result: &streams.BatchAppendResp_Error{Error: failed.Proto()}}
}

// asSuccess gives an answer the code 0, which a real server sends where it has no other.
func asSuccess(answer *streams.BatchAppendResp) *streams.BatchAppendResp {
	answer.GetError().Code = 0
	return answer
}

// batchAnswers are answers of real servers, and what each means: certain or unknown.
func batchAnswers(t testing.TB) map[string]struct {
	answer  *streams.BatchAppendResp
	want    error
	unknown bool
} {
	return map[string]struct {
		answer  *streams.BatchAppendResp
		want    error
		unknown bool
	}{
		"conflict":               {failedWith(t, "", &shared.WrongExpectedVersion{}), eventstore.ErrConflict, false},
		"deleted":                {failedWith(t, "", &shared.StreamDeleted{}), eventstore.ErrStreamDeleted, false},
		"denied":                 {failedWith(t, "", &shared.AccessDenied{}), eventstore.ErrDenied, false},
		"too large":              {failedWith(t, "", &shared.MaximumAppendSizeExceeded{MaxAppendSize: 7}), eventstore.ErrTooLarge, false},
		"bad request":            {failedWith(t, "", &shared.BadRequest{Message: "x"}), eventstore.ErrUnavailable, false},
		"timeout":                {failedWith(t, "", &shared.Timeout{}), eventstore.ErrUnavailable, true},
		"unknown":                {failedWith(t, "", &shared.Unknown{}), eventstore.ErrUnavailable, true},
		"transaction":            {failedWith(t, "", &shared.InvalidTransaction{}), eventstore.ErrUnavailable, true},
		"not ready, as no error": {asSuccess(failedWith(t, "Server Is Not Ready", &emptypb.Empty{})), eventstore.ErrUnavailable, true},
		"not ready":              {failedWith(t, "Server Is Not Ready", &emptypb.Empty{}), eventstore.ErrUnavailable, true},
		"busy":                   {failedWith(t, "Server Is Busy", &emptypb.Empty{}), eventstore.ErrUnavailable, true},
		"no leader":              {failedWith(t, "No leader info available", &emptypb.Empty{}), eventstore.ErrUnavailable, true},
		"no detail":              {failedWith(t, "x", nil), eventstore.ErrUnavailable, true},
		"a strange detail":       {failedWith(t, "x", &shared.UUID{}), eventstore.ErrUnavailable, true},
		"no result":              {&streams.BatchAppendResp{}, eventstore.ErrUnavailable, true},
		"no revision": {&streams.BatchAppendResp{Result: &streams.BatchAppendResp_Success_{Success: &streams.BatchAppendResp_Success{
			CurrentRevisionOption: &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}},
		}}}, eventstore.ErrUnavailable, true},
		"nothing in the success": {&streams.BatchAppendResp{Result: &streams.BatchAppendResp_Success_{}}, eventstore.ErrUnavailable, true},
	}
}

// What a server says for certain is told as such, and everything else leaves the
// outcome open: a time-out is no conflict.
func TestBatchAnswer_certainOrUnknown(t *testing.T) {
	for name, row := range batchAnswers(t) {
		t.Run(name, func(t *testing.T) {
			_, err := batchAnswer(row.answer)
			err = (&Store{username: "service"}).failure(err, rightToAppend)
			require.ErrorIs(t, err, row.want)
			var again temporary
			require.Equal(t, row.unknown, errors.As(err, &again), "%v", err)
		})
	}
	require.Equal(t, eventstore.CauseNoLeader, eventstore.CauseOf((&Store{}).failure(batchFailure(status.New(codes.Unknown, "No leader info available")), "")))
}

// FuzzBatchAnswer reads any bytes as an answer. Nothing panics, a success has a
// revision, no position means none that the protocol spells so, and only what names
// its reason is certain.
func FuzzBatchAnswer(f *testing.F) {
	for _, row := range batchAnswers(f) {
		text, err := proto.Marshal(row.answer)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, at := range []*shared.AllStreamPosition{nil, {}, {CommitPosition: 5, PreparePosition: 5}, {CommitPosition: math.MaxUint64, PreparePosition: 1}} {
		text, err := proto.Marshal(&streams.BatchAppendResp{
			CorrelationId: &shared.UUID{Value: &shared.UUID_String_{String_: "00000000-0000-0001-0000-000000000002"}},
			Result: &streams.BatchAppendResp_Success_{Success: &streams.BatchAppendResp_Success{
				CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: 3},
				PositionOption:        &streams.BatchAppendResp_Success_Position{Position: at},
			}},
		})
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var response streams.BatchAppendResp
		if proto.Unmarshal(text, &response) != nil {
			return
		}
		if _, _, is := correlation(&response); is {
			require.NotNil(t, response.GetCorrelationId().GetValue())
		}
		appended, err := batchAnswer(&response)
		if err == nil {
			require.IsType(t, &streams.BatchAppendResp_Success_CurrentRevision{}, response.GetSuccess().GetCurrentRevisionOption())
			require.NotEqual(t, uint64(math.MaxUint64), appended.Position.Commit)
			require.NotEqual(t, uint64(math.MaxUint64), appended.Position.Prepare)
			return
		}
		require.Equal(t, eventstore.Appended{}, appended)
		var again temporary
		if !errors.As((&Store{}).failure(err, rightToAppend), &again) {
			require.NotEmpty(t, response.GetError().GetDetails(), "nothing says so")
		}
	})
}
