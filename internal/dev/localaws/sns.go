package localaws

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Limits of SNS, which the publisher must respect.
const (
	maxBytes   = 256 << 10 // of a message, and of a whole batch
	maxEntries = 10
)

// Names of actions that are used more than once.
const (
	publish      = "Publish"
	publishBatch = "PublishBatch"
)

// errNoTopic is returned by Subscribe for an unknown ARN.
var errNoTopic = errors.New("the topic does not exist")

// apiError is an error response of SNS.
type apiError struct {
	status        int
	code, message string
}

func (r apiError) Error() string { return r.code + ": " + r.message }

// invalid is the error for a parameter that SNS refuses.
func invalid(message string) apiError {
	return apiError{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + message}
}

// Responses of the Query protocol. The names of their elements are the contract with
// the client.
type (
	published struct {
		XMLName   xml.Name
		MessageID string `xml:"PublishResult>MessageId"`
	}
	batchPublished struct {
		XMLName    xml.Name
		Successful []succeeded `xml:"PublishBatchResult>Successful>member"`
		Failed     []failed    `xml:"PublishBatchResult>Failed>member"`
	}
	succeeded struct {
		ID        string `xml:"Id"`
		MessageID string `xml:"MessageId"`
	}
	failed struct {
		ID          string `xml:"Id"`
		Code        string
		Message     string
		SenderFault bool
	}
	created struct {
		XMLName  xml.Name
		TopicArn string `xml:"CreateTopicResult>TopicArn"`
	}
	subscribed struct {
		XMLName         xml.Name
		SubscriptionArn string `xml:"SubscribeResult>SubscriptionArn"`
	}
)

// named returns the root element of an action's response.
func named(action string) xml.Name { return xml.Name{Local: action + "Response"} }

// handleTopic performs an action of SNS and writes its response as XML.
func (s *Server) handleTopic(w http.ResponseWriter, r *http.Request, action string) {
	answer, err := s.actSNS(action, r.PostForm)
	if s.options.Lose != nil && s.options.Lose(action) {
		panic(http.ErrAbortHandler) // it is done, and the answer is lost
	}
	var refused apiError
	if errors.As(err, &refused) {
		writeErrorXML(w, refused.status, refused.code, refused.message)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_ = xml.NewEncoder(w).Encode(answer)
}

// writeErrorXML answers with an error in the XML form of SNS.
func writeErrorXML(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	type fault struct {
		Type, Code, Message string
	}
	kind := "Sender"
	if status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     fault
		RequestID string `xml:"RequestId"`
	}{Error: fault{kind, code, message}, RequestID: uuid.NewString()})
}

// actSNS performs one action and returns its result. Errors: apiError for what SNS
// refuses.
func (s *Server) actSNS(action string, form url.Values) (any, error) {
	switch action {
	case "CreateTopic":
		return created{named(action), s.Topic(form.Get("Name"))}, nil
	case "Subscribe":
		return s.subscribe(form)
	case publish:
		id, err := s.publish(form.Get("TopicArn"), entryOf(form, ""))
		return published{named(action), id}, err
	case publishBatch:
		return s.publishBatch(form)
	}
	return nil, apiError{http.StatusBadRequest, "InvalidAction", action + " is not here"}
}

// subscribe subscribes a queue, named by its ARN, to a topic.
func (s *Server) subscribe(form url.Values) (any, error) {
	if form.Get("Protocol") != "sqs" {
		return nil, invalid("only queues can be subscribed here")
	}
	attributes := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("Attributes.entry.%d.key", i)); i++ {
		attributes[form.Get(fmt.Sprintf("Attributes.entry.%d.key", i))] = form.Get(fmt.Sprintf("Attributes.entry.%d.value", i))
	}
	f, err := parseFilter(attributes["FilterPolicy"])
	if err != nil {
		return nil, invalid("FilterPolicy: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	topic := s.topics[form.Get("TopicArn")]
	if topic == nil {
		return nil, notFound()
	}
	arn := topic.subscribe(s.named(queueOf(form.Get("Endpoint"))), attributes["RawMessageDelivery"] == "true", f)
	return subscribed{named("Subscribe"), arn}, nil
}

// queueOf returns the name in the ARN or the URL of a queue.
func queueOf(endpoint string) string {
	name := path.Base(endpoint)
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == ':' {
			return name[i+1:]
		}
	}
	return name
}

// notFound is SNS's error for an unknown topic.
func notFound() apiError { return apiError{http.StatusNotFound, "NotFound", "Topic does not exist"} }

// entryOf reads one message from the form fields that begin with prefix. Attributes are
// numbered from 1 without a gap.
func entryOf(form url.Values, prefix string) Entry {
	e := Entry{
		ID: form.Get(prefix + "Id"), Message: form.Get(prefix + "Message"), Attributes: map[string]Attribute{},
		Group: form.Get(prefix + "MessageGroupId"), Deduplication: form.Get(prefix + "MessageDeduplicationId"),
	}
	for i := 1; ; i++ {
		at := prefix + "MessageAttributes.entry." + strconv.Itoa(i) + "."
		name := form.Get(at + "Name")
		if name == "" {
			return e
		}
		e.Attributes[name] = Attribute{form.Get(at + "Value.DataType"), form.Get(at + "Value.StringValue")}
	}
}

// size returns the bytes that count towards the limit: body, names, types and values.
func (e Entry) size() int {
	n := len(e.Message)
	for name, a := range e.Attributes {
		n += len(name) + len(a.Type) + len(a.Value)
	}
	return n
}

// check returns the error of SNS for an entry that is invalid by itself, nil for none.
func (t *topic) check(e Entry) error {
	switch {
	case e.Message == "":
		return invalid("Empty message")
	case e.size() > maxBytes:
		return invalid("Message too long")
	case t.fifo() && (e.Group == "" || e.Deduplication == ""):
		return invalid("The MessageGroupId and MessageDeduplicationId parameters are required for FIFO topics")
	}
	for name, a := range e.Attributes {
		if a.Type == "" || a.Value == "" {
			return invalid("The message attribute '" + name + "' must contain a non-empty value")
		}
	}
	return nil
}

// publish delivers one message to a topic and returns its id. Errors: apiError.
func (s *Server) publish(arn string, e Entry) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[arn]
	if t == nil {
		return "", notFound()
	}
	if err := t.check(e); err != nil {
		return "", err
	}
	id := t.publish(e, time.Now())
	s.saveTopic(t)
	return id, nil
}

// publishBatch delivers up to ten messages. A response has a result for each entry, of
// which some may have failed. Errors: apiError for a fault of the whole batch.
func (s *Server) publishBatch(form url.Values) (any, error) {
	var entries []Entry
	size := 0
	for i := 1; ; i++ {
		e := entryOf(form, "PublishBatchRequestEntries.member."+strconv.Itoa(i)+".")
		if e.ID == "" {
			break
		}
		entries, size = append(entries, e), size+e.size()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[form.Get("TopicArn")]
	switch {
	case t == nil:
		return nil, notFound()
	case len(entries) == 0:
		return nil, apiError{http.StatusBadRequest, "EmptyBatchRequest", "the batch is empty"}
	case len(entries) > maxEntries:
		return nil, apiError{http.StatusBadRequest, "TooManyEntriesInBatchRequest", "more than 10 entries"}
	case size > maxBytes:
		return nil, apiError{http.StatusBadRequest, "BatchRequestTooLong", "more than 256 KiB"}
	}
	if s.options.FailBatch != nil {
		if status, fault := s.options.FailBatch(t.arn, entries); status != 0 {
			code, message := parseFault(fault)
			return nil, apiError{status, code, message}
		}
	}
	answer := batchPublished{XMLName: named(publishBatch)}
	for _, e := range entries {
		s.publishOne(t, e, &answer)
	}
	s.saveTopic(t)
	return answer, nil
}

// publishOne delivers one message of a batch and adds its result.
func (s *Server) publishOne(t *topic, e Entry, answer *batchPublished) {
	if s.options.FailEntry != nil {
		if code, senderFault := s.options.FailEntry(t.arn, e); code != "" {
			code, message := parseFault(code)
			answer.Failed = append(answer.Failed, failed{e.ID, code, message, senderFault})
			return
		}
	}
	if err := t.check(e); err != nil {
		answer.Failed = append(answer.Failed, failed{e.ID, "InvalidParameter", err.Error(), true})
		return
	}
	answer.Successful = append(answer.Successful, succeeded{e.ID, t.publish(e, time.Now())})
}
