package domain

import (
	"encoding/json"
	"fmt"
)

// asked is a command as a fact keeps it.
type asked struct {
	Input Command `json:"input"`
	Type  string  `json:"type"`
}

// keepCommand is a command as the first fact of its decision keeps it.
func keepCommand(c Command) []byte { return plainJSON(asked{Input: c, Type: commandName(c)}) }

// ReadCommand reads the command that a fact keeps ([Meta].Command), so that it
// can be decided again.
func ReadCommand(kept json.RawMessage) (Command, error) {
	var said struct {
		Input json.RawMessage `json:"input"`
		Type  string          `json:"type"`
	}
	if err := json.Unmarshal(kept, &said); err != nil {
		return nil, fmt.Errorf("read a command: %w", err)
	}
	read, known := readers[said.Type]
	if !known {
		return nil, fmt.Errorf("read a command: this build knows no %q", said.Type)
	}
	command, err := read(said.Input)
	if err != nil {
		return nil, fmt.Errorf("read a command %q: %w", said.Type, err)
	}
	return command, nil
}

var readers = map[string]func(json.RawMessage) (Command, error){
	"tell":     readAs[Tell],
	"open":     readAs[Open],
	"amend":    readAs[Amend],
	"close":    readAs[Close],
	"reopen":   readAs[Reopen],
	"delete":   readAs[Delete],
	"arrive":   readAs[Arrive],
	"leave":    readAs[Leave],
	"dissolve": readAs[Dissolve],

	"restore":       readAs[Restore],
	"remove-number": readAs[RemoveNumber],
	"return-number": readAs[ReturnNumber],
}

func readAs[C Command](input json.RawMessage) (Command, error) {
	var c C
	err := json.Unmarshal(input, &c)
	return c, err
}

func commandName(c Command) string {
	switch c.(type) {
	case Tell:
		return "tell"
	case Open:
		return "open"
	case Amend:
		return "amend"
	case Close:
		return "close"
	case Reopen:
		return "reopen"
	case Delete:
		return "delete"
	case Arrive:
		return "arrive"
	case Leave:
		return "leave"
	case Dissolve:
		return "dissolve"
	case Restore:
		return "restore"
	case RemoveNumber:
		return "remove-number"
	case ReturnNumber:
		return "return-number"
	}
	return ""
}
