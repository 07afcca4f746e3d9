package message_test

import (
	"reflect"
	"testing"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// publishedSources are the sources by which something can be published: the migration publishes
// nothing.
var publishedSources = []domain.Source{domain.DPS, domain.NOMIS, domain.Merge}

const draft = "https://json-schema.org/draft/2020-12/schema"

// outside is one kind of message as the documents describe it.
type outside struct {
	key, title, summary string
	topic               message.Topic
	file                string // of its schema
	eventTypes          object // schema of the attribute
	sources             []domain.Source
	schema              object
	belongs             func(message.Message) bool
}

// outsides are all kinds of message; used notes which words were taken.
func outsides(used map[string]bool) []outside {
	var all []outside
	for _, o := range []struct {
		key, title, summary string
		eventType           message.EventType
	}{
		{"created", "A non-association is there", "A non-association is there that was not: it was opened, or its deletion by a merge was taken back. It may be closed already.", message.EventCreated},
		{"amended", "A non-association changed", "A non-association changed, was closed, reopened or deleted, or belongs to another number of one of the prisoners: change says which.", message.EventAmended},
	} {
		all = append(all, outside{
			key: o.key, title: o.title, summary: o.summary, topic: message.Domain,
			file: string(o.eventType) + ".schema.json", eventTypes: enum(o.eventType), sources: publishedSources,
			schema:  domainSchema(o.eventType, used),
			belongs: func(m message.Message) bool { return m.Attributes["eventType"].Text == string(o.eventType) },
		})
	}
	types := []string{domain.TypeRenumbered} // a fact of an earlier build is published as it was recorded
	for _, entry := range publishedTypes() {
		types = append(types, entry.Type)
	}
	history := schemaOf(reflect.TypeFor[message.HistoryEntry](), used)
	return append(all, outside{
		key: "fact", title: "A fact of the history", topic: message.History, file: "history.schema.json",
		summary:    "One fact, private ones and those of the migration too, with the non-association before and after it in the words of NOMIS.",
		eventTypes: enum(types...), sources: sources, schema: history.set(enum(types...).with("description", fieldWords["HistoryEntry.type"]), "properties", "type"),
		belongs: func(message.Message) bool { return true },
	})
}

// domainSchema narrows the body to what one event type can hold.
func domainSchema(eventType message.EventType, used map[string]bool) object {
	var changes []message.Change
	for _, change := range publishedChanges() {
		if change.EventType() == eventType {
			changes = append(changes, change)
		}
	}
	s := schemaOf(reflect.TypeFor[message.DomainEvent](), used)
	s = refine(s, enum(eventType), "eventType")
	s = refine(s, enum(publishedSources...), "additionalInformation", "source")
	s = refine(s, enum(changes...), "additionalInformation", "change")
	if eventType == message.EventCreated {
		return s.set(without(s.at("properties").at("additionalInformation").at("properties"), "previousPrisonerNumber"),
			"properties", "additionalInformation", "properties")
	}
	return s.set([]object{{
		{"if", object{{"properties", object{{"change", object{{"const", message.ChangeRenumbered}}}}}}},
		{"then", object{{"required", []string{"previousPrisonerNumber"}}}},
		{"else", object{{"properties", object{{"previousPrisonerNumber", false}}}}},
	}}, "properties", "additionalInformation", "allOf")
}

// refine lays more members over the schema of a key.
func refine(schema, more object, path ...string) object {
	var deep []string
	for _, key := range path {
		deep = append(deep, "properties", key)
	}
	inner := schema
	for _, key := range deep {
		inner = inner.at(key)
	}
	for _, m := range more {
		inner = inner.with(m.key, m.value)
	}
	return schema.set(inner, deep...)
}

func without(o object, key string) object {
	var rest object
	for _, m := range o {
		if m.key != key {
			rest = append(rest, m)
		}
	}
	return rest
}

// file is the schema as it is published.
func (o outside) document() object {
	return append(object{{"$schema", draft}, {"title", o.title}, {"description", o.summary}}, o.schema...)
}

// asyncAPI is the document that names topics, messages and attributes.
func asyncAPI(t *testing.T) object {
	t.Helper()
	kinds := outsides(map[string]bool{})
	return object{
		{"asyncapi", "3.1.0"},
		{"info", object{
			{"title", "Non-associations: messages on SNS"},
			{"version", "1.0"},
			{"description", "Domain events on one SNS topic, the full history on another. Duties of a consumer are in README.md."},
		}},
		{"defaultContentType", "application/json"},
		{"channels", object{
			{"domainEvents", channel("SNS topic of SNS_TOPIC_ARN, standard or FIFO. On a FIFO topic the message group is the pair and the deduplication id the eventId.", message.Domain, kinds)},
			{"history", channel("SNS topic of HISTORY_TOPIC_ARN, for reconciliation; it is optional.", message.History, kinds)},
		}},
		{"operations", object{
			{"publishDomainEvent", operation("domainEvents", "Each change that is not private is published after it is recorded, at least once.")},
			{"publishHistoryEntry", operation("history", "Every fact is published, at least once.")},
		}},
		{"components", object{{"messages", messages(t, kinds)}}},
	}
}

func channel(description string, topic message.Topic, kinds []outside) object {
	var refs object
	for _, kind := range kinds {
		if kind.topic == topic {
			refs = append(refs, member{kind.key, object{{"$ref", "#/components/messages/" + kind.key}}})
		}
	}
	// The address is an ARN that differs from place to place.
	return object{{"address", nil}, {"description", description}, {"messages", refs}}
}

func operation(channel, summary string) object {
	return object{{"action", "send"}, {"channel", object{{"$ref", "#/channels/" + channel}}}, {"summary", summary}}
}

func messages(t *testing.T, kinds []outside) object {
	t.Helper()
	var all object
	for _, kind := range kinds {
		var shown []object
		for _, e := range examples(t, kind.topic) {
			if kind.belongs(e.message) {
				shown = append(shown, object{{"name", e.name}, {"headers", attributes(e.message)}, {"payload", raw(e.message.Body)}})
			}
		}
		all = append(all, member{kind.key, object{
			{"name", kind.key},
			{"title", kind.title},
			{"summary", kind.summary},
			{"contentType", "application/json"},
			{"headers", headers(kind)},
			{"payload", object{
				{"schemaFormat", "application/schema+json;version=draft-2020-12"},
				{"schema", object{{"$ref", "./schemas/" + kind.file}}},
			}},
			{"examples", shown},
		}})
	}
	return all
}

// headers are SNS message attributes: String, and String.Array for a list.
func headers(kind outside) object {
	number := object{{"type", "string"}, {"pattern", numberPattern}}
	return object{
		{"type", "object"},
		{"required", []string{"eventType", "eventId", "source", "prisonerNumbers"}},
		{"properties", object{
			{"eventType", kind.eventTypes},
			{"eventId", object{{"type", "string"}, {"format", "uuid"}}},
			{"source", enum(kind.sources...)},
			{"prisonerNumbers", object{
				{"description", "String.Array: both of the pair; when the number of one was replaced, the replaced one too."},
				{"type", "array"},
				{"items", number},
				{"minItems", 2},
				{"maxItems", 3},
			}},
			{"traceparent", object{
				{"description", "The W3C trace parent of the change, where it was sampled; else it is missing."},
				{"type", "string"},
				{"pattern", "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"},
			}},
		}},
	}
}

func attributes(m message.Message) object {
	var all object
	for _, name := range []string{"eventType", "eventId", "source", "prisonerNumbers"} {
		if list := m.Attributes[name].List; list != nil {
			all = append(all, member{name, list})
			continue
		}
		all = append(all, member{name, m.Attributes[name].Text})
	}
	return all
}
