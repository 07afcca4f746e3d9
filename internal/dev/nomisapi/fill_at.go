package nomisapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
)

// FillAt is Fill of a server in another process, at the URL that it printed. It sends the
// records as they come, so that any number of them takes little memory. It returns how
// many were written: none of the pairs that were there. Errors: those of the connection,
// and the first 1,000 bytes of an answer that is not 200.
func FillAt(ctx context.Context, with *http.Client, url string, records iter.Seq[Record]) (int, error) {
	read, write := io.Pipe()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		lines := json.NewEncoder(write)
		for record := range records {
			if lines.Encode(record) != nil { // the request has ended
				break
			}
		}
		_ = write.Close() // never fails
	}()
	defer func() {
		_ = read.Close() // never fails, and ends the sending
		<-sent
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/staff/records", read)
	if err != nil {
		return 0, fmt.Errorf("fill NOMIS: %w", err)
	}
	response, err := with.Do(request)
	if err != nil {
		return 0, fmt.Errorf("fill NOMIS: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000)) // what came of it is enough
		return 0, fmt.Errorf("fill NOMIS: it answers %d: %s", response.StatusCode, text)
	}
	var written struct{ Records int }
	if err := json.NewDecoder(response.Body).Decode(&written); err != nil {
		return 0, fmt.Errorf("fill NOMIS: read the answer: %w", err)
	}
	return written.Records, nil
}
