// Package archive keeps the facts of a log in a folder outside of every store: as lines
// of JSON, with the tiles of their tree, the newest signed head and the id of the log.
//
//	log/000000000.ndjson  10,000 facts a file; a whole file never changes
//	tile/…                as the service serves them
//	checkpoint            the newest head, with its cosignatures
//	store-id, SHA256SUMS
//
// The folder grows by runs of Write. A run may be killed at any moment: each file is
// written beside its place and moved there, facts before tiles and tiles before the
// checkpoint, and the next run goes on. Before a file that is listed changes,
// SHA256SUMS.next has the digests that the next SHA256SUMS will have.
package archive
