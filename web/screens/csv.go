package screens

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
)

// byteOrderMark tells Excel that a file is UTF-8.
const byteOrderMark = "\uFEFF"

// csvFile returns a file of RFC 4180 with a byte order mark. Cells that a spreadsheet
// would take for a formula get a leading apostrophe: a comment is written by people.
func csvFile(name string, header []string, rows [][]string) (*file, error) {
	var out bytes.Buffer
	out.WriteString(byteOrderMark)
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	for _, row := range append([][]string{header}, rows...) {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = harmless(cell)
		}
		if err := w.Write(safe); err != nil {
			return nil, fmt.Errorf("write a CSV file: %w", err)
		}
	}
	w.Flush()
	return &file{name: name, body: out.Bytes()}, w.Error()
}

// harmless returns a cell that no spreadsheet computes.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
