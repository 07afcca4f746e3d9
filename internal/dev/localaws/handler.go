package localaws

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// handle distinguishes the three kinds of request: SQS by its header, SNS by a form at
// the root, and a developer's event by the URL of a queue. Delay and Fail come before
// any of them.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	form := action == "" && r.URL.Path == "/" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if form {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
		if err := r.ParseForm(); err != nil {
			writeErrorXML(w, http.StatusBadRequest, "MalformedQueryString", err.Error())
			return
		}
		action = r.PostForm.Get("Action")
	}
	if !s.delay(r, action) {
		return
	}
	if status, code := s.fault(action); status != 0 {
		code, message := parseFault(code)
		if form {
			writeErrorXML(w, status, code, message)
			return
		}
		writeError(w, status, code, message)
		return
	}
	switch {
	case form:
		s.handleTopic(w, r, action)
	case action == "" && r.Method == http.MethodPost && r.URL.Path != "/":
		s.notify(w, r)
	case !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."):
		writeError(w, http.StatusBadRequest, "UnknownOperationException", "only SQS and SNS are here")
	default:
		s.handleQueue(w, r, action)
	}
}

// handleQueue decodes and performs an action of SQS.
func (s *Server) handleQueue(w http.ResponseWriter, r *http.Request, action string) {
	var ask request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ask); err != nil {
		writeError(w, http.StatusBadRequest, "SerializationException", err.Error())
		return
	}
	s.do(w, r, action, ask)
}

// delay waits for Options.Delay. It reports whether the caller is still connected.
func (s *Server) delay(r *http.Request, action string) bool {
	if s.options.Delay == nil {
		return true
	}
	timer := time.NewTimer(s.options.Delay(action))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// fault returns the status and code with which an action is to fail, 0 for none.
func (s *Server) fault(action string) (status int, code string) {
	if s.options.Fail == nil {
		return 0, ""
	}
	return s.options.Fail(action)
}

// parseFault splits a fault into its code and its message at ": ". Without one the
// message is fixed.
func parseFault(fault string) (code, message string) {
	code, message, hasMessage := strings.Cut(fault, ": ")
	if !hasMessage {
		message = "asked to fail"
	}
	return code, message
}
