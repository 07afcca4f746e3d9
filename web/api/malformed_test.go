package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	items0 = "/nonAssociations/0"
	items1 = "/nonAssociations/1"
)

// badFields are values of one item, each with the pointer of its refusal.
var badFields = map[string]struct{ body, source string }{
	"reason code unknown":   {swap(`"VIC"`, `"XXX"`), items0 + "/reasonCode"},
	"reason code lower":     {swap(`"VIC"`, `"vic"`), items0 + "/reasonCode"},
	"reason code empty":     {swap(`"VIC"`, `""`), items0 + "/reasonCode"},
	"reason code null":      {swap(`"VIC"`, `null`), items0 + "/reasonCode"},
	"reason code number":    {swap(`"VIC"`, `1`), items0 + "/reasonCode"},
	"reason code missing":   {swap(`"reasonCode": "VIC",`, ``), items0 + "/reasonCode"},
	"type code of staff":    {swap(`"WING"`, `"LANDING"`), items0 + "/typeCode"},
	"type code list":        {swap(`"WING"`, `["WING"]`), items0 + "/typeCode"},
	"other's code":          {swap(`"PER"`, `"PERP"`), items0 + "/prisonerNonAssociation/reasonCode"},
	"other's code missing":  {swap(`, "reasonCode": "PER"`, ``), items0 + "/prisonerNonAssociation/reasonCode"},
	"other missing":         {swap(`"prisonerNumber": "A0135GA", `, ``), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other malformed":       {swap(`"A0135GA"`, `"A0135G"`), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other with blank":      {swap(`"A0135GA"`, `" A0135GA"`), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other in wide letters": {swap(`"A0135GA"`, `"Ａ0135GA"`), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other is oneself":      {swap(`"A0135GA"`, `"A9109UD"`), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other is oneself, low": {swap(`"A0135GA"`, `"a9109ud"`), items0 + "/prisonerNonAssociation/prisonerNumber"},
	"other side a text":     {swap(`{ "prisonerNumber": "A0135GA", "reasonCode": "PER" }`, `"A0135GA"`), items0 + "/prisonerNonAssociation"},
	"other side null":       {swap(`{ "prisonerNumber": "A0135GA", "reasonCode": "PER" }`, `null`), items0 + "/prisonerNonAssociation"},
	"effective missing":     {swap(`"effectiveDate": "2021-07-05T10:35:17",`, ``), items0 + "/effectiveDate"},
	"effective date only":   {effective("2021-07-05"), items0 + "/effectiveDate"},
	"effective with zone":   {effective("2021-07-05T10:35:17Z"), items0 + "/effectiveDate"},
	"effective fraction":    {effective("2021-07-05T10:35:17.5"), items0 + "/effectiveDate"},
	"effective no seconds":  {effective("2021-07-05T10:35"), items0 + "/effectiveDate"},
	"effective blank":       {effective("2021-07-05 10:35:17"), items0 + "/effectiveDate"},
	"effective no day":      {effective("2021-02-29T10:35:17"), items0 + "/effectiveDate"},
	"effective no hour":     {effective("2021-02-28T24:00:00"), items0 + "/effectiveDate"},
	"effective no second":   {effective("2021-02-28T23:59:60"), items0 + "/effectiveDate"},
	"effective one digit":   {effective("2021-2-28T23:59:59"), items0 + "/effectiveDate"},
	"effective number":      {swap(`"effectiveDate": "2021-07-05T10:35:17"`, `"effectiveDate": 20210705`), items0 + "/effectiveDate"},
	"expiry empty":          {swap(`"expiryDate": "2021-07-05T10:35:17"`, `"expiryDate": ""`), items0 + "/expiryDate"},
	"expiry false":          {swap(`"expiryDate": "2021-07-05T10:35:17"`, `"expiryDate": false`), items0 + "/expiryDate"},
	"comments too long":     {swap(`Do not location near`, strings.Repeat("é", 241)), items0 + "/comments"},
	"comments number":       {swap(`"Do not location near"`, `7`), items0 + "/comments"},
	"comments NUL":          {swap(`Do not location near`, `a\u0000b`), items0 + "/comments"},
	"authorised too long":   {swap(`Staff Name`, strings.Repeat("x", 61)), items0 + "/authorisedBy"},
	"authorised object":     {swap(`"Staff Name"`, `{}`), items0 + "/authorisedBy"},
	"authorised NUL":        {swap(`Staff Name`, `\u0000`), items0 + "/authorisedBy"},
	"id no UUID":            {extra(`"id":"7"`), items0 + "/id"},
	"id in braces":          {extra(`"id":"{8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10}"`), items0 + "/id"},
	"id without dashes":     {extra(`"id":"8bd1a8c51b1f4d4c8d1c6a2d7a0e9f10"`), items0 + "/id"},
	"id number":             {extra(`"id":7`), items0 + "/id"},
	"sequence 0":            {extra(`"typeSequence":0`), items0 + "/typeSequence"},
	"sequence 1000":         {extra(`"typeSequence":1000`), items0 + "/typeSequence"},
	"sequence negative":     {extra(`"typeSequence":-1`), items0 + "/typeSequence"},
	"sequence fraction":     {extra(`"typeSequence":1.5`), items0 + "/typeSequence"},
	"sequence huge":         {extra(`"typeSequence":1e400`), items0 + "/typeSequence"},
	"sequence text":         {extra(`"typeSequence":"1"`), items0 + "/typeSequence"},
	"precision unknown":     {extra(`"datePrecision":"SECOND"`), items0 + "/datePrecision"},
	"precision lower":       {extra(`"datePrecision":"day"`), items0 + "/datePrecision"},
	"precision empty":       {extra(`"datePrecision":""`), items0 + "/datePrecision"},
	"precision number":      {extra(`"datePrecision":1`), items0 + "/datePrecision"},
	"precision flag":        {extra(`"datePrecision":true`), items0 + "/datePrecision"},
	"day with a time":       {daysOnly("2021-07-05T10:35:17", "2021-07-05T00:00:00"), items0 + "/effectiveDate"},
	"day with a second":     {daysOnly("2021-07-05T00:00:01", "2021-07-05T00:00:00"), items0 + "/effectiveDate"},
	"day with a last time":  {daysOnly("2021-07-05T00:00:00", "2021-07-05T23:59:59"), items0 + "/expiryDate"},
	"id twice":              {twice(`"id":"8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10",`, `"id":"8BD1A8C5-1b1f-4d4c-8d1c-6a2d7a0e9f10",`), items1 + "/id"},
	"sequence twice":        {twice(`"typeSequence":7,`, `"typeSequence":7,`), items1 + "/typeSequence"},
	"number malformed":      {swap(`"A9109UD"`, `"A9109U"`), "/prisonerNumber"},
	"number null":           {swap(`"A9109UD"`, `null`), "/prisonerNumber"},
	"number number":         {swap(`"A9109UD"`, `9109`), "/prisonerNumber"},
	"number missing":        {`{"nonAssociations":[]}`, "/prisonerNumber"},
	"list missing":          {`{"prisonerNumber":"A9109UD"}`, "/nonAssociations"},
	"list null":             {`{"prisonerNumber":"A9109UD","nonAssociations":null}`, "/nonAssociations"},
	"list object":           {`{"prisonerNumber":"A9109UD","nonAssociations":{}}`, "/nonAssociations"},
	"item null":             {request("null"), items0},
	"item text":             {request(`"x"`), items0},
	"body list":             {`[]`, ""},
	"body null":             {`null`, ""},
	"body text":             {`"x"`, ""},
	"key twice":             {extra(`"typeCode":"WING"`), items0 + "/typeCode"},
	"key twice by escape":   {extra(`"type\u0043ode":"WING"`), items0 + "/typeCode"},
	"unknown key twice":     {extra(`"x":{"y":1,"y":2}`), items0 + "/x/y"},
}

func swap(from, to string) string { return strings.Replace(record, from, to, 1) }
func effective(date string) string {
	return swap(`"effectiveDate": "2021-07-05T10:35:17"`, fmt.Sprintf(`"effectiveDate": %q`, date))
}

// daysOnly is the record told by a caller that says that it knows days only.
func daysOnly(effective, expiry string) string {
	return request(item("A0135GA", effective, fmt.Sprintf(`"datePrecision":"DAY","expiryDate":%q,`, expiry)))
}

// twice are two items of one pair, the other prisoner's number in either case.
func twice(one, other string) string {
	return request(item("A0135GA", "2020-01-01T00:00:00", one), item("a0135ga", "2021-01-01T00:00:00", other+`"expiryDate":"2021-02-01T00:00:00",`))
}

func extra(field string) string { return swap(`"typeCode": "WING",`, `"typeCode": "WING",`+field+`,`) }

func TestBadField_isNamedAndNothingIsStored(t *testing.T) {
	for name, bad := range badFields {
		for path, token := range map[string]string{"/sync": syncer, "/migrate": migrator} {
			h := newTestServer(t)
			require.NotEqual(t, record, bad.body, name)
			w := h.call(http.MethodPost, path, token, bad.body)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", name, w.Body)
			body := errorIn(t, w)
			require.Equal(t, 102, body.code(), name)
			require.Equal(t, []string{bad.source}, body.sources(), name)
			require.Zero(t, h.facts(), name)
		}
	}
}

func TestBadField_isNamedAtOnce(t *testing.T) {
	h := newTestServer(t)
	w := h.sync(`{"nonAssociations":[
		{"reasonCode":7,"typeCode":"X","comments":"` + strings.Repeat("x", 241) + `","prisonerNonAssociation":{"reasonCode":"PER"}},
		` + item("A0135GA", "2021-07-05T10:35:17", "") + `,
		{"prisonerNonAssociation":[]},
		null,
		` + item("A9109UD", "yesterday", `"id":"x","typeSequence":true,`) + `],
		"prisonerNumber":"a9109ud"}`)
	require.Equal(t, http.StatusBadRequest, w.Code)
	body := errorIn(t, w)
	require.ElementsMatch(t, []string{
		items0 + "/reasonCode", items0 + "/typeCode", items0 + "/comments",
		items0 + "/effectiveDate", items0 + "/prisonerNonAssociation/prisonerNumber",
		"/nonAssociations/2/reasonCode", "/nonAssociations/2/typeCode",
		"/nonAssociations/2/effectiveDate", "/nonAssociations/2/prisonerNonAssociation",
		"/nonAssociations/3",
		"/nonAssociations/4/effectiveDate", "/nonAssociations/4/id", "/nonAssociations/4/typeSequence",
		"/nonAssociations/4/prisonerNonAssociation/prisonerNumber",
	}, body.sources())
	require.Contains(t, body.DeveloperMessage, "and 13 more")
	require.Zero(t, h.facts(), "the good item neither")
}

func TestOneHundredItems_ofAPairAreTooMany(t *testing.T) {
	h := newTestServer(t)
	var items []string
	for i := range 100 {
		items = append(items, item("B2222BB", fmt.Sprintf("2020-01-01T00:%02d:%02d", i/60, i%60), `"expiryDate":"2020-02-01T00:00:00",`))
	}
	w := h.sync(request(items...))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, []string{"/nonAssociations/99/prisonerNonAssociation/prisonerNumber"}, errorIn(t, w).sources())
	require.Zero(t, h.facts())
	require.Equal(t, http.StatusOK, h.sync(request(items[:99]...)).Code)
}

func TestList_ofFaultsIsBounded(t *testing.T) {
	h := newTestServer(t)
	w := h.sync(request(strings.Repeat("0,", 200_000) + "0"))
	require.Equal(t, http.StatusBadRequest, w.Code)
	body := errorIn(t, w)
	require.Len(t, body.Errors, 1000)
	require.Contains(t, body.DeveloperMessage, "and 200000 more")
}

func TestJSON_thatIsNotStrictIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"blank":            "  ",
		"cut":              record[:len(record)-20],
		"cut in a text":    record[:60],
		"two values":       record + record,
		"rest":             record + "x",
		"byte order mark":  "\ufeff" + record,
		"UTF-16":           "\xfe\xff\x00{\x00}",
		"single quotes":    strings.ReplaceAll(record, `"`, `'`),
		"comment":          "/* */" + record,
		"comma at the end": swap(`"PER" }`, `"PER", }`),
		"invalid UTF-8":    swap("Do not", "Do \xff not"),
		"overlong":         swap("Do not", "Do \xc0\x80 not"),
		"lone surrogate":   swap("Do not", `Do \ud83d not`),
		"low surrogate":    swap("Do not", `Do \ude00 not`),
		"raw surrogate":    swap("Do not", "Do \xed\xa0\x80 not"),
		"raw NUL":          swap("Do not", "Do \x00 not"),
		"raw line feed":    swap("Do not", "Do \n not"),
		"NaN":              extra(`"typeSequence":NaN`),
		"leading zero":     extra(`"typeSequence":01`),
		"deep":             strings.Repeat("[", 500_000),
		"deep extra":       extra(`"x":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)),
		"long key twice":   extra(`"` + strings.Repeat("x", 50_000) + `":{"y":1,"y":2}`),
		"wrong end":        `{"prisonerNumber":"A9109UD","nonAssociations":[}`,
	} {
		h := newTestServer(t)
		w := h.sync(body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", name, w.Body)
		answer := errorIn(t, w)
		require.Equal(t, 102, answer.code(), name)
		require.Len(t, answer.Errors, 1, name)
		require.Less(t, w.Body.Len(), 1000, name)
		require.NotContains(t, w.Body.String(), "Do ", "the text itself is not repeated")
		require.Zero(t, h.facts(), name)
	}
}

func TestPointer_thatIsTooLongLeadsToWhatIsAroundTheValue(t *testing.T) {
	h := newTestServer(t)
	w := h.sync(extra(`"x":` + strings.Repeat(`{"a":`, 1000) + `{"b":1,"b":2}` + strings.Repeat("}", 1000)))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, []string{items0 + "/x" + strings.Repeat("/a", 118)}, errorIn(t, w).sources())
}

func TestBody_thatIsNotPlainJSONIsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"no type":            {[]string{"Content-Type", ""}, 415},
		"form":               {[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"text":               {[]string{"Content-Type", "text/plain"}, 415},
		"problem":            {[]string{"Content-Type", "application/problem+json"}, 415},
		"malformed":          {[]string{"Content-Type", "application/json; charset"}, 415},
		"other charset":      {[]string{"Content-Type", "application/json; charset=utf-16"}, 415},
		"gzip":               {[]string{"Content-Encoding", "gzip"}, 415},
		"gzip after another": {[]string{"Content-Encoding", "identity, gzip"}, 415},
		"utf-8":              {[]string{"Content-Type", "Application/JSON; charset=UTF-8"}, 200},
		"other parameter":    {[]string{"Content-Type", "application/json; version=1"}, 200},
		"identity":           {[]string{"Content-Encoding", "identity"}, 200},
	} {
		h := newTestServer(t)
		w := h.call(http.MethodPost, "/sync", syncer, record, c.headers...)
		require.Equal(t, c.status, w.Code, name)
		require.Equal(t, c.status == 200, h.facts() == 1, name)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, newTestServer(t).call(http.MethodPost, "/sync", syncer, "").Code, "no body, no type")
	require.Equal(t, http.StatusBadRequest, newTestServer(t).call(http.MethodPost, "/sync", syncer, "", "Content-Type", "application/json").Code)
}

func TestEmptyEncoding_isIgnored(t *testing.T) {
	h := newTestServer(t)
	r := httptest.NewRequest(http.MethodPost, "/sync", strings.NewReader(record))
	r.Header = http.Header{"Authorization": {"Bearer " + syncer}, "Content-Type": {"application/json"}, "Content-Encoding": {""}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
}

func TestBody_overOneMebibyteIsTooLarge(t *testing.T) {
	h := newTestServer(t)
	fits := record + strings.Repeat(" ", 1<<20-len(record))
	require.Equal(t, http.StatusOK, h.sync(fits).Code)
	for _, path := range []string{"/sync", "/migrate"} {
		w := h.call(http.MethodPost, path, "U:NON_ASSOCIATIONS_SYNC,NON_ASSOCIATIONS_MIGRATE", fits+" ")
		require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		require.Zero(t, errorIn(t, w).code())
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, h.call(http.MethodDelete, "/sync/"+anID, syncer, fits+" ").Code)
	require.Equal(t, 1, h.facts())
}
