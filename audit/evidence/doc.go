// Package evidence makes and checks proofs that the log was not changed: an RFC 6962
// tree over our facts, in the formats of C2SP. It is pure: no file, no network, no clock.
//
// How the parts fit, in the order in which a head is made and checked:
//
//	leaf, err := evidence.NewLeaf(recorded)        // of a fact, in the order of $all
//	text := leaf.Text()                            // what is kept and hashed
//	nodes := tree.Add(evidence.LeafHash(text))     // nodes that are to be kept
//	head := evidence.Head{origin, tree.Size(), tree.Root()}
//	signed, err := evidence.Sign(head, signers...) // the note: text of a C2SP checkpoint
//
//	note, err := evidence.ParseNote(signed)        // Head and signature lines, unchecked
//	for _, s := range note.Check(keys) { … }       // s.Kind, s.Known, s.Good, s.Time
//	note.SignedBy(keys)                            // a good signature of the log itself
//
//	proof, err := evidence.ParseProof(file)        // .tlog-proof: leaf, index, hashes, note
//	err = proof.Check()                            // the leaf lies under the root of the note
//
// The hashes of the tree are read as tiles of 256 ([TilePath], [ParseTilePath]). Level 0 is
// computed from the leaves; of the levels above, a [Node] is made for every 256 below it.
// [HashReader] over tiles checks each tile against the head that it is read for.
//
// Which facts have a leaf is domain.StreamPrefixes: every event of such a stream.
package evidence
