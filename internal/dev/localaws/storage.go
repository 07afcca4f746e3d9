package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// kept is the file: the messages by the name of their queue.
type kept map[string][]*Message

// restore reads the messages that the last run kept.
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
	all := kept{}
	if err := json.Unmarshal(content, &all); err != nil {
		return fmt.Errorf("read the local queues in %s: %w", s.options.File, err)
	}
	for name, messages := range all {
		s.named(name).messages = slices.Clone(messages)
	}
	return nil
}

// save writes the file anew. What cannot be kept is still in memory: this is a
// stand-in, and says so by going on.
func (s *Server) save() {
	if s.options.File == "" {
		return
	}
	all := kept{}
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

// saveTopic writes the file anew when a topic has sent something that is kept.
func (s *Server) saveTopic(t *topic) {
	if s.options.File != "" && slices.ContainsFunc(t.subscriptions, func(sub *subscription) bool { return sub.queue.most == 0 }) {
		s.save()
	}
}
