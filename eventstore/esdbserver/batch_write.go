package esdbserver

import (
	"context"
	"time"

	"nonassociations/eventstore"
)

// write writes a group and answers each of its appends. Its error ends the call. System
// streams are written one by one, since they may be in a store of their own.
func (c *batchCall) write(group []*batchAppend) error {
	var (
		alike   []*batchAppend
		appends []eventstore.Append
		latest  time.Time
	)
	for _, one := range group {
		if one.due.After(latest) {
			latest = one.due
		}
	}
	ctx, cancel := context.WithDeadline(c.ctx, latest)
	defer cancel()
	now := time.Now()
	for _, one := range group {
		if one.due.Before(now) { // it has waited too long
			if err := c.answer(one, eventstore.Appended{}, context.DeadlineExceeded); err != nil {
				return err
			}
			continue
		}
		if store := c.server.storeOf(one.Stream); store != c.server.store {
			appended, err := store.Append(ctx, one.Append)
			if err := c.written(one, appended, err); err != nil {
				return err
			}
			continue
		}
		alike, appends = append(alike, one), append(appends, one.Append)
	}
	for i, outcome := range c.server.store.AppendMany(ctx, appends) {
		if err := c.written(alike[i], outcome.Appended, outcome.Err); err != nil {
			return err
		}
	}
	return nil
}

// written passes a stored append to the hook of the options, and answers it.
func (c *batchCall) written(one *batchAppend, appended eventstore.Appended, err error) error {
	if err != nil || c.server.options.Written == nil {
		return c.answer(one, appended, err)
	}
	c.finishing.Go(func() {
		if err := c.answer(one, appended, c.server.options.Written(c.ctx)); err != nil {
			c.end(err)
		}
	})
	return nil
}

// answer sends the answer to one append. It returns the error with which the call
// ends instead: what concerns every append of it, or that of the connection.
func (c *batchCall) answer(one *batchAppend, appended eventstore.Appended, err error) error {
	if one.leave != nil {
		defer one.leave()
	}
	if endsCall(err) {
		return err
	}
	response := batchResponse(one)
	if err == nil {
		response.Result = batchSuccess(appended)
	} else {
		response.Result = batchError(err, c.conflict(one, err))
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return c.stream.Send(response)
}
