#!/bin/sh
# Usage: [FONT=transport] make-assets.sh NODE_MODULES FOLDER FIXTURES
#
# Writes into FOLDER what a browser loads of the two design systems, and removes what was
# there. The font is arial. GDS Transport is for pages on GOV.UK alone, so it comes in
# with FONT=transport only. The crown and the crest never come in. Into FIXTURES go the
# vendor's examples of the components that we have, for the tests.
set -eu
govuk=$1/govuk-frontend/dist/govuk
moj=$1/@ministryofjustice/frontend/moj
to=$2
fixtures=$3
rm -rf "$to" "$fixtures"
mkdir -p "$to/images" "$fixtures"

# The paths are relative to the file: all files are in one folder, whose name has a hash.
# A source map would be asked for by the tools of a browser, and is not there.
relative='s|url(/assets/|url(|g; s|/\*# sourceMappingURL=[^*]*\*/||; s|//# sourceMappingURL=.*$||; s|[a-z-]*image:url(images/govuk-crest.svg);||g'
case ${FONT:-arial} in
arial) font='s|/\*! Copyright (c) 2011 by Margaret Calvert[^*]*\*/||; s|@font-face{[^}]*}||g; s|"\{0,1\}GDS Transport"\{0,1\},||g' ;;
transport)
	font='s|,url([^)]*\.woff) format("woff")||g'
	mkdir "$to/fonts"
	cp "$govuk"/assets/fonts/*.woff2 "$to/fonts/"
	;;
*) echo "FONT is arial or transport" >&2 && exit 1 ;;
esac

for css in "$govuk/govuk-frontend.min.css" "$moj/moj-frontend.min.css"; do
	sed -e "$relative" -e "$font" "$css" >"$to/$(basename "$css")"
done
for js in "$govuk/govuk-frontend.min.js" "$moj/moj-frontend.min.js"; do
	sed -e "$relative" "$js" >"$to/$(basename "$js")"
done
for image in $(sed 's|url(|\n&|g' "$to/moj-frontend.min.css" | sed -n 's|^url(\(images/[^)]*\)).*|\1|p' | sort -u); do
	cp "$moj/assets/$image" "$to/$image"
done
for component in breadcrumbs button character-count checkboxes details error-message error-summary fieldset \
	hint input inset-text label notification-banner pagination radios skip-link summary-list table tag textarea warning-text; do
	cp "$govuk/components/$component/fixtures.json" "$fixtures/$component.json"
done
if [ "${FONT:-arial}" = arial ] && grep -rq 'GDS Transport' "$to"; then
	echo "the font of GOV.UK is still named" >&2 && exit 1
fi
