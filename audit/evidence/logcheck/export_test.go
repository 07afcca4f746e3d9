package logcheck

// SmallPages makes the pages so small that a small log has many of them.
func SmallPages() { pageEvents, pageLeaves = 7, 5 }

// SetMaxWaiting changes the bound of what waits, and returns the one before.
func SetMaxWaiting(n int) (before int) {
	before, maxWaiting = maxWaiting, n
	return before
}
