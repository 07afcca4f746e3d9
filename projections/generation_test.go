package projections_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/projections"
)

// TestSQL_namesNoGeneration reads every text of the package, constants and embedded
// files: the schema of a generation is a parameter of each statement, and so is the
// number in a notification.
func TestSQL_namesNoGeneration(t *testing.T) {
	literal := regexp.MustCompile(`read_[0-9]|'[0-9]+ '`)
	texts := sqlTexts(t)
	require.Greater(t, len(texts), 20, "the statements are not found")
	for where, text := range texts {
		require.NotRegexp(t, literal, text, where)
	}
	require.Regexp(t, literal, `SELECT 1 FROM read_1.pair`)
}

// sqlTexts are the string literals of the package's Go files and its .sql files, by
// where they are written.
func sqlTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	names, err := filepath.Glob("*")
	require.NoError(t, err)
	files := token.NewFileSet()
	for _, name := range names {
		switch {
		case filepath.Ext(name) == ".sql":
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[name] = string(text)
		case filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go"):
			file, err := parser.ParseFile(files, name, nil, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(node ast.Node) bool {
				if literal, is := node.(*ast.BasicLit); is && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					require.NoError(t, err)
					texts[files.Position(literal.Pos()).String()] = text
				}
				return true
			})
		}
	}
	return texts
}

// TestGeneration_isBuiltBesideTheOneThatAnswers: each has its own tables, lease and
// checkpoint, and the views stay on the one that answers.
func TestGeneration_isBuiltBesideTheOneThatAnswers(t *testing.T) {
	t.Parallel()
	const next projections.Generation = 7
	log := someLog(t, "B1111BB", "C1111CC")
	dsn, conn := database(t)
	answering := start(t, log.log, dsn)
	answering.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	notified := connect(t, dsn)
	_, err := notified.Exec(t.Context(), `LISTEN read`)
	require.NoError(t, err)

	beside := start(t, log.log, dsn, func(o *projections.Options) { o.Generation = next })
	beside.reaches(t, log.last)
	require.Eventually(t, func() bool { return beside.Status().CaughtUp && beside.Status().Leader }, patience, poll)
	require.True(t, answering.Status().Leader, "each has a lease of its own")
	log.syncWith("D1111DD")
	log.unmerge(log.merge(domain.PrisonerNumber("B1111BB"), "E1111EE"))
	answering.reaches(t, log.last)
	beside.reaches(t, log.last)

	rows := contents(t, conn)
	require.NotEmpty(t, rows)
	require.Equal(t, rows, contentsOf(t, conn, next))
	require.True(t, isTrue(conn, `SELECT version = 1 FROM read.checkpoint`), "the views stay where they are")
	require.True(t, isTrue(conn, `SELECT caught_up FROM read_7.checkpoint`))
	requireNotified(t, notified, "1 ", "7 ")

	require.NoError(t, projections.Rebuild(t.Context(), dsn, next))
	require.Equal(t, rows, contents(t, conn), "the other generation is not touched")
	status, err := projections.Inspect(t.Context(), dsn, projections.FirstGeneration)
	require.NoError(t, err)
	require.Equal(t, log.last.Uint64(), status.Position)
	beside.reaches(t, log.last)
}

// requireNotified waits until a notification has come with each of the prefixes.
func requireNotified(t *testing.T, conn *pgx.Conn, prefixes ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	missing := map[string]bool{}
	for _, prefix := range prefixes {
		missing[prefix] = true
	}
	for len(missing) > 0 {
		note, err := conn.WaitForNotification(ctx)
		require.NoError(t, err, "%v", missing)
		for _, prefix := range prefixes {
			if strings.HasPrefix(note.Payload, prefix) {
				delete(missing, prefix)
			}
		}
	}
}
