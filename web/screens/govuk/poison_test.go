package govuk_test

import (
	"fmt"
	"html/template"
	"reflect"
	"slices"

	"github.com/PuerkitoBio/goquery"
)

// poison puts hostile text into every string that a struct holds, however deep. What
// decides the shape of a page is left alone: kinds, sizes, colours and classes are
// constants of the code, and an address and an order are judged on their own.
func poison(value any) { poisonIn(reflect.ValueOf(value).Elem(), "") }

var constants = []string{"Kind", "Size", "Colour", "Classes", "Role", "InputMode", "Autocomplete", "Order", "Described"}

func poisonIn(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.String() != "" && v.Type() != reflect.TypeFor[template.HTML]() && !slices.Contains(constants, name) {
			v.SetString(hostile)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poisonIn(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poisonIn(v.Index(i), name)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poisonIn(v.Elem(), name)
		}
	default:
	}
}

// shape lists the elements of a page with the names of their attributes, in order.
func shape(doc *goquery.Document) []string {
	return doc.Find("*").Map(func(_ int, s *goquery.Selection) string {
		var names []string
		for _, a := range s.Nodes[0].Attr {
			// Which choice is checked depends on the values, all of which are one here.
			if a.Key != "checked" {
				names = append(names, a.Key)
			}
		}
		return fmt.Sprint(s.Nodes[0].Data, names)
	})
}
