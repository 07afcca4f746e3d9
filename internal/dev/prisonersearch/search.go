package prisonersearch

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nonassociations/internal/dev/estate"
)

// prison answers the people of a prison, or those of them whom a term finds.
func (s *StandIn) prison(w http.ResponseWriter, r *http.Request) {
	behave, well := s.begin(w, r)
	if !well {
		return
	}
	words := strings.Fields(strings.ToLower(r.URL.Query().Get("term")))
	s.page(w, r, behave, func(p estate.Prisoner) bool {
		return p.PrisonID == r.PathValue("prisonId") && !slices.ContainsFunc(words, func(word string) bool { return !begins(p, word) })
	})
}

// begins reports whether the number or a name of a prisoner begins with a word in lower
// case.
func begins(p estate.Prisoner, word string) bool {
	for _, text := range []string{string(p.Number), p.FirstName, p.LastName} {
		if strings.HasPrefix(strings.ToLower(text), word) {
			return true
		}
	}
	return false
}

// global answers the people of all prisons and of none whom the fields of the body find.
// A body without any of them is refused, as the real service does.
func (s *StandIn) global(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		PrisonerIdentifier string `json:"prisonerIdentifier"`
		FirstName          string `json:"firstName"`
		LastName           string `json:"lastName"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&asked)
	behave, well := s.begin(w, r)
	if !well {
		return
	}
	if err != nil || asked.PrisonerIdentifier+asked.FirstName+asked.LastName == "" {
		http.Error(w, "no criteria", http.StatusBadRequest)
		return
	}
	s.page(w, r, behave, func(p estate.Prisoner) bool {
		return (asked.PrisonerIdentifier == "" || asked.PrisonerIdentifier == string(p.Number)) &&
			(asked.LastName == "" || strings.EqualFold(asked.LastName, p.LastName)) &&
			(asked.FirstName == "" || strings.EqualFold(asked.FirstName, p.FirstName))
	})
}

// page answers with a page of the people that fit, in the shape of Spring: by last name,
// ten to a page unless the query says otherwise.
func (s *StandIn) page(w http.ResponseWriter, r *http.Request, behave settings, fits func(estate.Prisoner) bool) {
	var all []estate.Prisoner
	for _, p := range s.estate.People() {
		if fits(p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b estate.Prisoner) int {
		return cmp.Or(cmp.Compare(a.LastName, b.LastName), cmp.Compare(a.FirstName, b.FirstName), cmp.Compare(a.Number, b.Number))
	})
	if behave.unstable && len(all) > 0 {
		by := s.Asked() % len(all)
		all = append(slices.Clone(all[by:]), all[:by]...)
	}
	size, number := whole(r.URL.Query(), "size", 10), whole(r.URL.Query(), "page", 0)
	if number > 0 && (number+1)*size > maxResults {
		http.Error(w, "the page is too far behind", http.StatusBadRequest)
		return
	}
	people := all[min(number*size, len(all)):min((number+1)*size, len(all))]
	people = people[:max(0, len(people)-behave.missing)]
	pages := (len(all) + size - 1) / size
	answer(w, encode(map[string]any{
		"content":          shown(people, r, behave),
		"pageable":         map[string]any{"pageNumber": number, "pageSize": size, "offset": number * size, "paged": true, "unpaged": false},
		"totalElements":    len(all),
		"totalPages":       pages,
		"last":             number >= pages-1,
		"first":            number == 0,
		"size":             size,
		"number":           number,
		"sort":             map[string]any{"sorted": true, "unsorted": false, "empty": false},
		"numberOfElements": len(people),
		"empty":            len(people) == 0,
	}))
}

// maxResults is how far a page may reach: the usual limit of the engine behind the real
// service.
const maxResults = 10_000

// whole returns a whole number of a query, or another one when it names none from 0 to
// 100,000.
func whole(query url.Values, name string, otherwise int) int {
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < 0 || n > 100_000 || n == 0 && name == "size" {
		return otherwise
	}
	return n
}

// shown returns the people with the fields that the query asks for: all when it names
// none.
func shown(people []estate.Prisoner, r *http.Request, behave settings) any {
	fields := strings.FieldsFunc(strings.Join(r.URL.Query()["responseFields"], ","), func(c rune) bool { return c == ',' })
	if len(fields) == 0 && len(behave.leaveOut) == 0 {
		return append([]estate.Prisoner{}, people...) // a list also when it is empty
	}
	list := make([]map[string]any, len(people))
	for i, p := range people {
		_ = json.Unmarshal(encode(p), &list[i]) // an object
		for name := range list[i] {
			if len(fields) > 0 && !slices.Contains(fields, name) || slices.Contains(behave.leaveOut, name) {
				delete(list[i], name)
			}
		}
	}
	return list
}
