package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// queueFile is the content of Options.File: messages by the name of their queue.
type queueFile map[string][]*Message

// restore reads the messages of an earlier run. A missing file is no error.
func (s *Server) restore() error {
	if s.options.File == "" {
		return nil
	}
	content, err := os.ReadFile(s.options.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the local queues: %w", err)
	}
	all := queueFile{}
	if err := json.Unmarshal(content, &all); err != nil {
		return fmt.Errorf("read the local queues in %s: %w", s.options.File, err)
	}
	for name, messages := range all {
		s.named(name).messages = slices.Clone(messages)
	}
	return nil
}

// save replaces the file atomically by a rename. An error is ignored, because the
// messages are still in memory and this is a stand-in. The caller holds the lock.
func (s *Server) save() {
	if s.options.File == "" {
		return
	}
	all := queueFile{}
	for name, q := range s.queues {
		if q.most == 0 {
			all[name] = q.messages
		}
	}
	content, err := json.Marshal(all)
	if err != nil {
		return
	}
	next := s.options.File + ".next"
	if os.MkdirAll(filepath.Dir(next), 0o755) == nil && os.WriteFile(next, content, 0o600) == nil {
		_ = os.Rename(next, s.options.File)
	}
}

// saveTopic saves after a topic has delivered. Nothing is written when all its queues
// are bounded, which are not stored: publishing thousands of messages would rewrite the
// file as often.
func (s *Server) saveTopic(t *topic) {
	if s.options.File != "" && slices.ContainsFunc(t.subscriptions, func(sub *subscription) bool { return sub.queue.most == 0 }) {
		s.save()
	}
}
