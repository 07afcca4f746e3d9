package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

// axeRun asks for the rules of WCAG 2.2 AA and for best practice. Both lists have the rule and
// where it is broken.
const axeRun = `scrollTo(0, 0), axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}, resultTypes: ['violations', 'incomplete'], preload: false})
  .then(({violations, incomplete, passes}) => {
    const short = (rules) => rules.flatMap((r) => r.nodes.map((n) => ({rule: r.id, inPicture: !!document.querySelector(n.target.join(' '))?.closest('svg'), where: n.target.join(' ') + ': ' + (n.failureSummary || r.help), why: (n.any[0] && n.any[0].data && n.any[0].data.messageKey) || ''})))
    return JSON.stringify({violations: short(violations), incomplete: short(incomplete), passed: passes.length})
  })`

// Axe returns what axe-core finds on the open page, one line each: violations of WCAG 2.2
// AA and of best practice, and what axe cannot decide. What it cannot decide of the
// contrast over a shadow, a line of a timeline and a picture, and of a single character, is
// left out. Rules named in except are not counted.
func (p *Page) Axe(t testing.TB, except ...string) []string {
	t.Helper()
	script, err := os.ReadFile(npm.File(t, "axe-core/axe.min.js"))
	require.NoError(t, err)
	// The policy of a page does not hold for what the browser's own tools evaluate.
	require.NoError(t, chromedp.Do(p.Context, chromedp.Evaluate[chromedp.Void](string(script)+"\n;undefined")))
	text, err := chromedp.Run(p.Context, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	type finding struct {
		Rule, Where, Why string
		InPicture        bool
	}
	var report struct {
		Violations, Incomplete []finding
		Passed                 int
	}
	require.NoError(t, json.Unmarshal([]byte(text), &report))
	require.Positive(t, report.Passed, "axe has looked at nothing")
	findings := []string{}
	for _, f := range report.Violations {
		if !slices.Contains(except, f.Rule) {
			findings = append(findings, fmt.Sprintf("%s: %s", f.Rule, f.Where))
		}
	}
	for _, f := range report.Incomplete {
		isContrast := f.Rule == "color-contrast"
		overShadow := isContrast && slices.Contains([]string{"bgGradient", "bgImage", "imgNode", "pseudoContent"}, f.Why)
		inPicture := isContrast && f.Why == "bgOverlap" && f.InPicture
		oneCharacter := isContrast && f.Why == "shortTextContent"
		if !overShadow && !inPicture && !oneCharacter && !slices.Contains(except, f.Rule) {
			findings = append(findings, fmt.Sprintf("undecided %s (%s): %s", f.Rule, f.Why, f.Where))
		}
	}
	return findings
}
