package publisher

// WithStep calls a test at each step of the loop: taken, sent, settling, settled.
func (o Options) WithStep(step func(string)) Options {
	o.step = step
	return o
}
