package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/web/bundlepage"
	screens "nonassociations/web/screens/store"
)

// pageOf draws page.html. Where a fact cannot be read, the page says so and lists nothing.
func (o Options) pageOf(ctx context.Context, e Export, c bundle.Contents, found bundle.Collected, covered map[uuid.UUID]time.Time, log eventstore.Store) ([]byte, error) {
	london := o.Clock().Location()
	page := bundlepage.Page{
		Contents: c, Covered: covered, Unreadable: found.Unreadable, Incomplete: len(found.Unreadable) > 0, Build: Version(), London: london,
	}
	if !page.Incomplete {
		var err error
		if page.Records, _, err = audit.NewScan(log, audit.Options{London: london}, nil).Prisoner(ctx, e.Number, e.At); err != nil {
			return nil, err
		}
	}
	return page.Draw()
}

// viewsAtOnce is how many views are read at a time.
const viewsAtOnce = 1000

// viewsFile returns views.csv: which users looked at a prisoner, the last one first. With
// redact it has nothing that names anybody else who was on the page.
func viewsFile(ctx context.Context, views *screens.Store, number domain.PrisonerNumber, london *time.Location, redact bool) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"Time", "User", "Page", "Whose page", "Route", "Query", "Build", "Request id", "Outside caseload", "Refused"}}
	for after := (screens.Cursor{}); ; {
		found, err := views.Views(ctx, screens.ViewFilter{Prisoner: number}, after, viewsAtOnce)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			rows = append(rows, viewRow(v, number, london, redact))
		}
		if len(found) < viewsAtOnce {
			break
		}
		after = screens.Cursor{At: found[len(found)-1].At, ID: found[len(found)-1].ID}
	}
	for _, row := range rows {
		for i, cell := range row { // no spreadsheet may take a cell for a formula
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = "'" + cell
			}
		}
	}
	err := w.WriteAll(rows)
	if err != nil {
		return nil, fmt.Errorf("write who looked: %w", err)
	}
	return out.Bytes(), nil
}

func viewRow(v screens.View, number domain.PrisonerNumber, london *time.Location, redact bool) []string {
	whose, query := "another’s", v.Query
	if slices.Contains(v.Subjects, number) {
		whose = "this prisoner’s"
	}
	if redact {
		query = ""
	}
	return []string{
		v.At.In(london).Format("2006-01-02T15:04:05.000-07:00"), v.UserName, string(v.Page), whose, v.Route, query, v.Build, v.RequestID.String(),
		yesNo(v.OutsideCaseload), yesNo(v.Refused),
	}
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// isFree refuses a file that exists, whatever it is, and a folder that does not. Errors:
// ErrExists.
func isFree(file string) error {
	switch _, err := os.Lstat(file); {
	case err == nil:
		return fmt.Errorf("%s: %w", file, ErrExists)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for the file: %w", err)
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return fmt.Errorf("look for the folder of the file: %w", err)
	}
	return nil
}

// writeNew writes a file that only its owner may read, whole or not at all, and never over
// another one. It returns the SHA-256 of the file. Errors: ErrExists.
func writeNew(file string, write func(io.Writer) (int64, error)) (sum string, err error) {
	part, err := os.CreateTemp(filepath.Dir(file), ".export-*") // 0600
	if err != nil {
		return "", fmt.Errorf("make the file: %w", err)
	}
	defer func() { _ = os.Remove(part.Name()) }() // it is gone when all went well
	hash := sha256.New()
	_, err = write(io.MultiWriter(part, hash))
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return "", fmt.Errorf("write the file: %w", err)
	}
	// A link fails where a file of that name came meanwhile.
	switch err := os.Link(part.Name(), file); {
	case errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("%s: %w", file, ErrExists)
	case err != nil:
		return "", fmt.Errorf("name the file: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
