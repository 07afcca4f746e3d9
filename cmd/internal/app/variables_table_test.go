package app_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// tableRow is what the table says of one variable.
type tableRow struct{ roles, byDefault, what string }

// tableOfVariables reads the table of deploy/README.md.
func tableOfVariables(t *testing.T) map[string]tableRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rootFolder, "deploy", "README.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## Variables\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	table := map[string]tableRow{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(section, -1) {
		require.NotContains(t, table, row[1])
		table[row[1]] = tableRow{row[2], row[3], row[4]}
	}
	require.Equal(t, len(table)+2, strings.Count(section, "\n|"), "a line of the table is no row")
	return table
}

// readByPrograms are the variables that commands and the development run take for an option.
func readByPrograms(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"cmd/nonassociations/*.go", "cmd/dev/main.go"} {
		files, err := filepath.Glob(filepath.Join(rootFolder, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range regexp.MustCompile(`env:"(\w+)"`).FindAllStringSubmatch(string(text), -1) {
				names = append(names, found[1])
			}
		}
	}
	require.Greater(t, len(names), 5, "the rule sees nothing")
	return names
}

// TestTableOfVariables_isWhatIsRead: no variable is missing, none is too much, and each has
// its roles and its default.
func TestTableOfVariables_isWhatIsRead(t *testing.T) {
	t.Parallel()
	table, roles := tableOfVariables(t), map[string][]string{}
	for _, name := range []string{"serve", "screens", "project", "publish", "listen", "work", "evidence"} {
		for variable := range known(name) {
			roles[variable] = append(roles[variable], name)
		}
	}
	programs := readByPrograms(t)
	expected := slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(roles)), programs))))
	require.Equal(t, expected, slices.Sorted(maps.Keys(table)))
	for name, row := range table {
		switch by := roles[name]; len(by) {
		case 0:
			require.Regexp(t, "^(commands|commands, `make run`|`make run`)$", row.roles, name)
		case len(rolesOf):
			require.Equal(t, "every", row.roles, name)
		default:
			require.Equal(t, strings.Join(by, ", "), row.roles, name)
		}
	}
	requireDefaults(t, reflect.TypeFor[app.Config](), table)
}

// requireDefaults walks a struct of the configuration and those in it.
func requireDefaults(t *testing.T, of reflect.Type, table map[string]tableRow) {
	t.Helper()
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		byDefault, has := field.Tag.Lookup("envDefault")
		switch {
		case name == "" || name == "-":
			if field.Type.Kind() == reflect.Struct {
				requireDefaults(t, field.Type, table)
			}
		case has:
			require.Equal(t, "`"+byDefault+"`", table[name].byDefault, name)
		default:
			require.Equal(t, strings.Contains(options, "required"), table[name].byDefault == "required", name)
		}
	}
}
