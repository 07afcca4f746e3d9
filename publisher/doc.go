// Package publisher tells the world: it follows the log and sends what each fact
// means to SNS, one publisher a topic. It only goes forward: the same fact always
// makes the same message with the same id, and nothing is ever rebuilt.
//
// A line holds what is on its way. Messages of different pairs go side by side;
// of one pair there is at most one in flight, in the order of the log, and a
// renumbering waits for both of its pairs and holds both up. The checkpoint moves
// behind what SNS has acknowledged or what is parked (publisher/store), without a
// gap. Delivery is at least once: a kill, a lost answer or a stalled session that
// notices late can send a message again, and eventId tells.
//
// A fault of the topic is retried for ever. A message that SNS calls invalid, or
// that fails by itself while SNS takes others, is parked, and so is what stands
// behind it in its pairs.
package publisher
