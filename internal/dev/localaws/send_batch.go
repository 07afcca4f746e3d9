package localaws

import (
	"net/http"
	"strings"
)

// sentEntry and refusedEntry are results in the response to SendMessageBatch.
type (
	sentEntry struct {
		ID        string `json:"Id"`
		MessageID string `json:"MessageId"`
		MD5       string `json:"MD5OfMessageBody"`
	}
	refusedEntry struct {
		ID          string `json:"Id"`
		Code        string
		Message     string
		SenderFault bool
	}
)

// sendBatch is SendMessageBatch, with the limits of SQS. A response has a result for each
// entry, of which some may have failed.
func (s *Server) sendBatch(w http.ResponseWriter, q *queue, entries []entry) {
	size := 0
	for _, e := range entries {
		size += len(e.MessageBody)
	}
	switch {
	case len(entries) == 0:
		writeError(w, http.StatusBadRequest, "EmptyBatchRequest", "the batch is empty")
		return
	case len(entries) > maxEntries:
		writeError(w, http.StatusBadRequest, "TooManyEntriesInBatchRequest", "more than 10 entries")
		return
	case size > maxBytes:
		writeError(w, http.StatusBadRequest, "BatchRequestTooLong", "more than 256 KiB")
		return
	}
	s.mu.Lock()
	sent, refused := []sentEntry{}, []refusedEntry{}
	for _, e := range entries {
		if code, senderFault := s.faultOf(q, e); code != "" {
			code, message := parseFault(code)
			refused = append(refused, refusedEntry{e.ID, code, message, senderFault})
			continue
		}
		sent = append(sent, sentEntry{e.ID, q.send(e.MessageBody).ID, sum(e.MessageBody)})
	}
	s.save()
	s.mu.Unlock()
	if s.options.Lose != nil && s.options.Lose("SendMessageBatch") {
		panic(http.ErrAbortHandler) // it is done, and the answer is lost
	}
	writeJSON(w, map[string]any{"Successful": sent, "Failed": refused})
}

// faultOf returns why an entry is not taken; "" when it is.
func (s *Server) faultOf(q *queue, e entry) (code string, senderFault bool) {
	if s.options.FailEntry != nil {
		if code, senderFault := s.options.FailEntry(q.name, Entry{ID: e.ID, Message: e.MessageBody}); code != "" {
			return code, senderFault
		}
	}
	if e.MessageBody == "" || strings.ContainsFunc(e.MessageBody, isNoText) {
		return "InvalidMessageContents: not all characters are allowed", true
	}
	return "", false
}

// isNoText reports whether SQS refuses a character.
func isNoText(c rune) bool {
	return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == '\uFFFE' || c == '\uFFFF'
}
