package nomisapi

// damageFaults are the faults that damage rows.
var damageFaults = []string{halfClosed, mirrorMissing}

// damageWritten damages what the change has written of a pair, as faults want it. The
// messages are those of the write alone.
func (c *change) damageWritten(rows *pair) {
	written := len(c.rows)
	for i := range written {
		if row := c.rows[i]; !row.deleted {
			c.damage(rows, row.detail.Seq)
		}
	}
	c.rows = c.rows[:written]
}

// damage damages a non-association if a fault for the pair is on and both mirrors have
// it.
func (c *change) damage(rows *pair, seq int) {
	for _, fault := range damageFaults {
		if rows[0].at(seq) != nil && rows[1].at(seq) != nil && c.server.faults.takeOnce(fault, rows.key(), seq) {
			c.hurt(rows, seq, fault)
		}
	}
}

// hurt damages the mirror of the higher prisoner number: its row ends today, or has no
// end while the other one has, or goes. The parent rows stay.
func (c *change) hurt(rows *pair, seq int, fault string) {
	of := &rows[0]
	if rows[1].of.no > of.of.no {
		of = &rows[1]
	}
	if fault == mirrorMissing {
		c.drop(of, seq)
		return
	}
	d := *of.at(seq)
	if d.isClosed(c.today) {
		d.Expiry = nil
	} else {
		d.Expiry = &c.today
	}
	c.put(of, d)
}

// damageNewest damages the newest non-association of a pair, and tells of the one row
// that it changed.
func (c *change) damageNewest(rows *pair) {
	c.damage(rows, max(rows[0].next(), rows[1].next())-1)
}
