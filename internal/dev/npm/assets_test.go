package npm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

// ours is the package whose files come out of npm packages.
const ours = "../../../web/screens/govuk"

// TestAssets_areThoseOfThePackages: what is committed is what make-assets.sh makes of the
// packages of the lock, file by file.
func TestAssets_areThoseOfThePackages(t *testing.T) {
	assets, fixtures := makeAssets(t, "arial")
	if _, err := os.Stat(filepath.Join(ours, "assets", "fonts")); err == nil {
		assets, fixtures = makeAssets(t, "transport")
	}
	require.Equal(t, content(t, assets), content(t, filepath.Join(ours, "assets")), "run `make assets`")
	require.Equal(t, content(t, fixtures), content(t, filepath.Join(ours, "testdata", "fixtures")), "run `make assets`")
}

// TestAssets_haveTheFontOfGOVUKOnlyWhenAskedFor holds the licences: the font is for
// GOV.UK alone, crown and crest for nobody here.
func TestAssets_haveTheFontOfGOVUKOnlyWhenAskedFor(t *testing.T) {
	plain, _ := makeAssets(t, "arial")
	branded, _ := makeAssets(t, "transport")
	for name, text := range content(t, plain) {
		require.NotContains(t, text, "GDS Transport", name)
		require.NotContains(t, text, "@font-face", name)
		require.NotRegexp(t, `crown|crest|font`, name)
	}
	require.Contains(t, content(t, branded)["govuk-frontend.min.css"], `src:url(fonts/light-94a07e06a1-v2.woff2) format("woff2")}`)
	require.FileExists(t, filepath.Join(branded, "fonts", "light-94a07e06a1-v2.woff2"))
}

// makeAssets runs the script and returns the folders that it wrote.
func makeAssets(t *testing.T, font string) (assets, fixtures string) {
	t.Helper()
	assets, fixtures = filepath.Join(t.TempDir(), "assets"), filepath.Join(t.TempDir(), "fixtures")
	command := exec.CommandContext(t.Context(), filepath.Join(ours, "make-assets.sh"), npm.File(t, ""), assets, fixtures)
	command.Env = append(os.Environ(), "FONT="+font)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return assets, fixtures
}

// content returns the files of a folder by name.
func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		files[name] = string(text)
		return err
	}))
	require.NotEmpty(t, files)
	return files
}
