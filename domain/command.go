package domain

import (
	"encoding/json"
	"fmt"
)

// storedCommand is a command as a fact keeps it.
type storedCommand struct {
	Input Command `json:"input"`
	Type  string  `json:"type"`
}

// encodeCommand is a command as the first fact of its decision keeps it.
func encodeCommand(c Command) []byte { return plainJSON(storedCommand{Input: c, Type: commandName(c)}) }

// DecodeCommand reads the command that a fact keeps ([Meta].Command), so that it
// can be decided again.
func DecodeCommand(kept json.RawMessage) (Command, error) {
	var said struct {
		Input json.RawMessage `json:"input"`
		Type  string          `json:"type"`
	}
	if err := json.Unmarshal(kept, &said); err != nil {
		return nil, fmt.Errorf("read a command: %w", err)
	}
	read, known := commandDecoders[said.Type]
	if !known {
		return nil, fmt.Errorf("read a command: this build knows no %q", said.Type)
	}
	command, err := read(said.Input)
	if err != nil {
		return nil, fmt.Errorf("read a command %q: %w", said.Type, err)
	}
	return command, nil
}

var commandDecoders = map[string]func(json.RawMessage) (Command, error){
	"tell":     decodeAs[Sync],
	"open":     decodeAs[Open],
	"amend":    decodeAs[Amend],
	"close":    decodeAs[Close],
	"reopen":   decodeAs[Reopen],
	"delete":   decodeAs[Delete],
	"arrive":   decodeAs[TransferIn],
	"leave":    decodeAs[TransferOut],
	"dissolve": decodeAs[DeleteSelfPair],

	"restore":       decodeAs[Restore],
	"remove-number": decodeAs[RemoveNumber],
	"return-number": decodeAs[ReturnNumber],
}

func decodeAs[C Command](input json.RawMessage) (Command, error) {
	var c C
	err := json.Unmarshal(input, &c)
	return c, err
}

func commandName(c Command) string {
	switch c.(type) {
	case Sync:
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
	case TransferIn:
		return "arrive"
	case TransferOut:
		return "leave"
	case DeleteSelfPair:
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
