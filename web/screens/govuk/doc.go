// Package govuk draws pages in the GOV.UK Design System and that of the Ministry of
// Justice. It has three parts:
//
//   - Components. Each is a struct and a template of the same name, for example
//     `{{template "Radios" .Reason}}` with a [Radios]. A component has the options that
//     the pages use and no more. Tests hold it to the vendor's own fixtures. Text is
//     always escaped; markup comes in only through a field of type [html/template.HTML].
//     [HTML] draws a component into such a field.
//   - The frame. A [Layout] has everything around the content of a page. [Parse] reads
//     the templates of all pages once, [Pages.Render] draws one page into memory, so that
//     no half page is ever sent.
//   - Assets. [Assets] serves style sheets, scripts and images, [AssetURL] names one. They
//     are embedded: assets/ is what make-assets.sh takes out of the pinned npm packages,
//     own/ is ours.
//
// # How a page is written
//
// A page is one file NAME.gohtml that holds the content of <main>, and only that, without
// a define around it. It begins with the h1: the frame draws title, breadcrumbs, warnings
// and the error summary. What several pages share is a define in a file whose name begins
// with an underscore.
//
//	<h1 class="govuk-heading-l">Close a non-association</h1>
//	<form method="post" novalidate>
//	  <input type="hidden" name="key" value="{{.Key}}">
//	  {{template "CharacterCount" .Comment}}
//	  <div class="govuk-button-group">
//	    {{template "Button" .Save}}
//	    {{template "Link" .Cancel}}
//	  </div>
//	</form>
//
// A form stands in `<div class="govuk-grid-row"><div class="govuk-grid-column-two-thirds">`,
// as wide as a line that is easy to read; a table takes the full width.
//
// There is no style for bare elements: a paragraph is `<p class="govuk-body">`, a link is
// a [Link] or has the class "govuk-link". No element has a style attribute, because the
// content security policy refuses it. The class "app-lines" keeps the line breaks of a
// comment, "app-no-print" leaves something out on paper. Templates have these functions:
//
//	date .At       26 July 2023
//	dateTime .At   26 July 2023 at 14:05
//	shortDate .At  26/07/2023
//	count 2 "record" "records"
//	possessive "Jo Jones"
//	asset "app.css"
//
// On a page that answers a POST each link that leads away opens in a new tab, so that
// what was typed stays ([Layout].Typed for the frame, [Link].NewTab for the page's own).
package govuk
