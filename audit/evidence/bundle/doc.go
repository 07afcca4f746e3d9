// Package bundle makes and checks the bundle of an export: one file for an inquiry or a
// subject, which a stranger can check with sha256sum alone. It is pure: what is in a bundle
// comes in, and the bytes of a ZIP file go out.
//
// [Contents.WriteTo] writes a bundle, [Verify] checks one. [Collect] finds the facts that are
// about a prisoner in the log.
package bundle
