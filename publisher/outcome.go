package publisher

import "slices"

// delivered takes letters off the line that SNS has acknowledged.
func (l *line) delivered(letters ...*letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range letters {
		l.count.Delivered++
		if it.desk != off {
			l.gone = append(l.gone, it.message.EventID)
		}
		l.leave(it)
	}
	l.wake()
}

// leave takes a letter off the line, wherever it is, and offers those behind it.
func (l *line) leave(it *letter) {
	it.where = gone
	if it.desk != off {
		delete(l.desk, it.message.EventID)
		signal(l.moved)
	}
	for _, on := range it.lanes {
		if it.desk != off {
			on.parked--
		}
		i := slices.Index(on.letters, it)
		on.letters = slices.Delete(on.letters, i, i+1)
		if len(on.letters) == 0 {
			delete(l.lanes, on.pair)
		}
	}
	for _, on := range it.lanes {
		if len(on.letters) > 0 {
			l.offer(on.letters[0])
		}
	}
	l.close(it)
}

// close says that the bookmark may pass a letter.
func (l *line) close(it *letter) {
	if it.slot == nil {
		return
	}
	it.slot.open--
	it.slot = nil
	n := 0
	for n < len(l.slots) && l.slots[n].open == 0 {
		l.through = l.through.behind(l.slots[n].place)
		n++
	}
	if n > 0 {
		l.slots = slices.Delete(l.slots, 0, n)
		signal(l.moved)
		signal(l.room)
	}
}

// again puts letters back that a fault kept from being delivered.
func (l *line) again(letters ...*letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range letters {
		if it.where != sending {
			continue
		}
		it.where = ready
		l.ready = append(l.ready, it)
	}
	l.wake()
}

// undone counts sendings that a fault undid.
func (l *line) undone(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Faults += uint64(n) //nolint:gosec // at most a batch
}

// singly lets each of a batch that was refused as a whole be sent by itself.
func (l *line) singly(letters []*letter) {
	l.mu.Lock()
	for _, it := range letters {
		it.alone = true
	}
	l.mu.Unlock()
	l.again(letters...)
}

// refuse sends a letter to the desk, and all behind it, since SNS calls its
// message invalid.
func (l *line) refuse(it *letter, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Refusals++
	it.where, it.refused, it.reason, it.alone = waiting, true, reason, false
	it.refusals++
	it.message.Body, it.message.Attributes = nil, nil // a later build may say it better
	if it.desk == lying {
		l.refused = append(l.refused, it)
	}
	l.park(it)
	signal(l.moved)
}

// park sends a letter to the desk with all that waits behind it.
func (l *line) park(it *letter) {
	if it.desk != off {
		return
	}
	it.desk = going
	l.desk[it.message.EventID] = it
	l.parked = append(l.parked, it)
	signal(l.moved)
	for _, on := range it.lanes {
		on.parked++
	}
	for _, on := range it.lanes {
		for _, later := range on.letters[slices.Index(on.letters, it)+1:] {
			l.park(later)
		}
	}
}
