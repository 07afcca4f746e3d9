package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"nonassociations/web/client"
)

// answering stands in for the service: each request gets the next answer.
func answering(answers ...http.HandlerFunc) *httptest.Server {
	next := 0
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[next](w, r)
		next++
	}))
}

func body(text string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		fmt.Fprint(w, text)
	}
}

// A read with the position of a write shows that write.
func ExampleClient_Sync() {
	service := answering(
		body(`{"prisonerNumber":"A9109UD","results":[{"nonAssociationId":"8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10",
			"prisonerNumber":"A0135GA","outcome":"CREATED"}],"position":4711}`, "X-Position", "4711"),
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Println("reads", r.URL)
			fmt.Fprint(w, `{"prisonerNumber":"A0135GA","nonAssociations":[{"reasonCode":"PER","typeCode":"WING",
				"effectiveDate":"2021-07-05T10:35:17","expiryDate":null,"authorisedBy":null,"comments":null,
				"prisonerNonAssociation":{"prisonerNumber":"A9109UD","reasonCode":"VIC"}}]}`)
		},
	)
	defer service.Close()
	ctx := context.Background()
	c := client.New(client.Options{BaseURL: service.URL, Token: client.StaticToken("…")})

	written, err := c.Sync(ctx, client.Correlation{}, client.SyncRequest{
		PrisonerNumber: "A9109UD",
		NonAssociations: []client.SyncItem{{NonAssociation: client.NonAssociation{
			ReasonCode: "VIC", TypeCode: "WING", EffectiveDate: "2021-07-05T10:35:17",
			PrisonerNonAssociation: client.Side{PrisonerNumber: "A0135GA", ReasonCode: "PER"},
		}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(written.Body.Results[0].Outcome)

	list, err := c.NonAssociations(ctx, "A0135GA", client.Read{AtLeast: written.Position})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range list.Body.NonAssociations {
		fmt.Println(n.ReasonCode, n.TypeCode, n.PrisonerNonAssociation.PrisonerNumber)
	}
	// Output:
	// CREATED
	// reads /non-associations/A0135GA?atLeast=4711
	// PER WING A9109UD
}

// A temporary refusal may be sent again; any other one says what is wrong.
func ExampleError() {
	service := answering(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"status":503,"errorCode":null,"userMessage":"","developerMessage":"The service cannot answer now. Repeating the request is safe.","moreInfo":null}`)
	})
	defer service.Close()
	c := client.New(client.Options{BaseURL: service.URL})

	_, err := c.Record(context.Background(), "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10", client.Read{})
	var refusal *client.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal.Temporary(), refusal.RetryAfter)
	}
	// Output: 503 true 1s
}

// A feed continues from the position of its last line.
func ExampleClient_Feed() {
	line := func(position int) string {
		return fmt.Sprintf(`{"eventId":"8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10","type":"nonassociation.opened.v1","nonAssociationId":null,`+
			`"actor":"NOMIS","source":"NOMIS","occurredAt":"2021-07-05T10:35:17","recordedAt":"2021-07-05T10:35:18+01:00","revision":0,`+
			`"position":%d,"reason":null,"before":null,"after":null,"prisonerNumbers":["A0135GA","A9109UD"]}`+"\n", position)
	}
	service := answering(body(line(10)+line(12), "X-Log-Id", "4f0c6a3e-0d7b-4b44-9d39-0c7c9c3b7d11"))
	defer service.Close()
	c := client.New(client.Options{BaseURL: service.URL})

	feed, err := c.Feed(context.Background(), client.FeedParams{From: 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	next := client.FeedParams{LogID: feed.LogID}
	for line, err := range feed.Body {
		if err != nil {
			fmt.Println("ask again from", next.From)
			return
		}
		fmt.Println(line.Type, line.PrisonerNumbers)
		next.From = *line.Position
	}
	fmt.Println("next from", next.From)
	// Output:
	// nonassociation.opened.v1 [A0135GA A9109UD]
	// nonassociation.opened.v1 [A0135GA A9109UD]
	// next from 12
}
