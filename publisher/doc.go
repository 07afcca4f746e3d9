// Package publisher tells the world: it follows the log and sends what each fact
// means to SNS, one publisher a topic. It only goes forward: the same fact always
// makes the same message with the same id, and nothing is ever rebuilt.
//
// A line holds what is on its way. Messages of different pairs go side by side;
// of one pair there is at most one in flight, in the order of the log, and a
// renumbering waits for both of its pairs and holds both up. The bookmark moves
// behind what SNS has acknowledged or what lies on the desk (publisher/desk),
// without a gap. Delivery is at least once: a kill, a lost answer or a stalled
// session that notices late can send a message again, and eventId tells.
//
// Faults of SNS are retried for ever. Only a message that SNS calls invalid goes
// to the desk, and the later ones of its pair behind it.
package publisher
