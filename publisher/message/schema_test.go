package message_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// object is a JSON object whose keys stay in the order of the code, so that
// people read a schema as they read the struct. The generator is own code: the
// descriptions, closed sets and nullable types of the contract would be hooks of a
// library, and the hooks would be as long as this.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(textOf(m.key)) + ":" + string(textOf(m.value)))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// textOf writes JSON without escapes for HTML.
func textOf(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// with is the object with a member changed, or added behind the others.
func (o object) with(key string, value any) object {
	changed := append(object(nil), o...)
	for i := range changed {
		if changed[i].key == key {
			changed[i].value = value
			return changed
		}
	}
	return append(changed, member{key, value})
}

func (o object) at(key string) object {
	for _, m := range o {
		if m.key == key {
			return m.value.(object)
		}
	}
	panic("no " + key)
}

// set is the object with one value deep inside changed; inner objects of the
// path must be there.
func (o object) set(value any, path ...string) object {
	if len(path) == 1 {
		return o.with(path[0], value)
	}
	return o.with(path[0], o.at(path[0]).set(value, path[1:]...))
}

const (
	numberPattern = "^[A-Z][0-9]{4}[A-Z]{2}$"
	localPattern  = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"
)

func enum[W ~string](words ...W) object {
	return object{{"type", "string"}, {"enum", words}}
}

func vocabulary[W ~string](terms []domain.Term[W]) object {
	var words []W
	for _, term := range terms {
		words = append(words, term.Code)
	}
	return enum(words...)
}

// leaves are the schemas of types that are one value.
var leaves = map[reflect.Type]object{
	reflect.TypeFor[string]():                   {{"type", "string"}},
	reflect.TypeFor[int]():                      {{"type", "integer"}, {"minimum", 1}},
	reflect.TypeFor[uint64]():                   {{"type", "integer"}, {"minimum", 0}},
	reflect.TypeFor[uuid.UUID]():                {{"type", "string"}, {"format", "uuid"}},
	reflect.TypeFor[domain.PrisonerNumber]():    {{"type", "string"}, {"pattern", numberPattern}},
	reflect.TypeFor[domain.LocalDateTime]():     {{"type", "string"}, {"pattern", localPattern}},
	reflect.TypeFor[domain.Pair]():              {{"type", "string"}, {"pattern", "^[A-Z][0-9]{4}[A-Z]{2}_[A-Z][0-9]{4}[A-Z]{2}$"}},
	reflect.TypeFor[domain.Source]():            enum(sources...),
	reflect.TypeFor[domain.ReasonCode]():        vocabulary(domain.ReasonCodes()),
	reflect.TypeFor[domain.TypeCode]():          vocabulary(domain.TypeCodes()),
	reflect.TypeFor[domain.IgnoreReason]():      enum(domain.NotLatest, domain.AnotherNotClosed, domain.NamesDeleted, domain.Switched),
	reflect.TypeFor[message.Phase]():            enum(message.Arrived, message.Left),
	reflect.TypeFor[message.EventType]():        enum(message.EventCreated, message.EventAmended),
	reflect.TypeFor[message.Change]():           enum(publishedChanges()...),
	reflect.TypeFor[[2]domain.PrisonerNumber](): listOfTwo(object{{"type", "string"}, {"pattern", numberPattern}}),
}

// narrower adds what a key promises beyond its type.
var narrower = map[string]object{
	"DomainEvent.publishedAt": {{"format", "date-time"}},
	"DomainEvent.version":     {{"const", "1.0"}},
	"DomainEvent.detailUrl":   {{"format", "uri"}},
	"Identifier.type":         {{"const", "NOMS"}},
	"HistoryEntry.recordedAt": {{"format", "date-time"}},
}

func listOfTwo(items object) object {
	return object{{"type", "array"}, {"items", items}, {"minItems", 2}, {"maxItems", 2}}
}

// publishedChanges are those of all rules, each once.
func publishedChanges() []message.Change {
	var all []message.Change
	seen := map[message.Change]bool{}
	for _, rule := range message.Rules() {
		for _, change := range rule.Changes {
			if !seen[change] {
				all, seen[change] = append(all, change), true
			}
		}
	}
	return all
}

// schemaOf describes a type as it is written; used notes which words it took.
func schemaOf(t reflect.Type, used map[string]bool) object {
	if leaf, is := leaves[t]; is {
		return leaf
	}
	switch t.Kind() {
	case reflect.Pointer:
		return orNull(schemaOf(t.Elem(), used))
	case reflect.Slice:
		return listOfTwo(schemaOf(t.Elem(), used))
	case reflect.Map:
		return object{
			{"type", "object"},
			{"propertyNames", object{{"pattern", numberPattern}}},
			{"additionalProperties", schemaOf(t.Elem(), used)},
			{"minProperties", 2},
			{"maxProperties", 2},
		}
	case reflect.Struct:
		properties, required := propertiesOf(t, used)
		return object{{"type", "object"}, {"required", required}, {"properties", properties}}
	default:
		panic(fmt.Sprintf("no schema for %s", t))
	}
}

func orNull(schema object) object {
	for _, m := range schema {
		if m.key == "type" && len(schema) <= 2 || m.key == "properties" {
			return schema.with("type", []any{schema[0].value, "null"})
		}
	}
	return object{{"anyOf", []any{schema, object{{"type", "null"}}}}}
}

// propertiesOf are the fields; a key that can be missing is not required.
func propertiesOf(t reflect.Type, used map[string]bool) (properties object, required []string) {
	for field := range t.Fields() {
		if field.Anonymous {
			inner, also := propertiesOf(field.Type, used)
			properties, required = append(properties, inner...), append(required, also...)
			continue
		}
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		fieldType := field.Type
		if strings.Contains(options, "omitzero") && fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem() // it is left out, never null
		} else if !strings.Contains(options, "omitzero") {
			required = append(required, key)
		}
		schema := schemaOf(fieldType, used)
		name := t.Name() + "." + key
		used[name] = true
		schema = append(append(object{{"description", fieldWords[name]}}, schema...), narrower[name]...)
		properties = append(properties, member{key, schema})
	}
	return properties, required
}
