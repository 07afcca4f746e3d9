// Package desk keeps in Postgres, beyond any crash, how far each topic has been
// told, and which facts lie on the desk meanwhile: one that SNS refused as
// invalid, waiting for people, and the later ones of its pair, waiting for it. A
// fact lies there by name only; what it says is read from the log again.
//
// All writes of a running publisher go through the session that holds its
// lease, and only while the bookmark is where that session left it.
package desk
