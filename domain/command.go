package domain

import (
	"encoding/json"
	"fmt"
)

// storedCommand is the form in which the first fact of a decision keeps its command.
type storedCommand struct {
	Input Command `json:"input"`
	Type  string  `json:"type"`
}

// encodeCommand returns the stored form of a command.
func encodeCommand(c Command) []byte { return plainJSON(storedCommand{Input: c, Type: commandName(c)}) }

// DecodeCommand reads the command that a fact keeps in [Meta].Command, so that it can
// be decided again. It knows the names of every earlier build. An error means that
// the text is no command, or one that this build does not know.
func DecodeCommand(stored json.RawMessage) (Command, error) {
	var envelope struct {
		Input json.RawMessage `json:"input"`
		Type  string          `json:"type"`
	}
	if err := json.Unmarshal(stored, &envelope); err != nil {
		return nil, fmt.Errorf("read a command: %w", err)
	}
	read, known := commandDecoders[envelope.Type]
	if !known {
		return nil, fmt.Errorf("read a command: this build knows no %q", envelope.Type)
	}
	command, err := read(envelope.Input)
	if err != nil {
		return nil, fmt.Errorf("read a command %q: %w", envelope.Type, err)
	}
	return command, nil
}

// commandDecoders knows the name of every command that was ever stored: never remove
// one.
var commandDecoders = map[string]func(json.RawMessage) (Command, error){
	"sync":     decodeAs[Sync],
	"tell":     decodeAs[Sync], // a former name, as "arrive", "leave" and "dissolve" are
	"open":     decodeAs[Open],
	"amend":    decodeAs[Amend],
	"close":    decodeAs[Close],
	"reopen":   decodeAs[Reopen],
	"delete":   decodeAs[Delete],
	"arrive":   decodeAs[TransferIn],
	"leave":    decodeAs[TransferOut],
	"dissolve": decodeAs[DeleteSelfPair],

	"transfer-in":      decodeAs[TransferIn],
	"transfer-out":     decodeAs[TransferOut],
	"delete-self-pair": decodeAs[DeleteSelfPair],

	"learn-sequence":   decodeAs[LearnSequence],
	"release-sequence": decodeAs[ReleaseSequence],
	"deliver":          decodeAs[Deliver],

	"restore":       decodeAs[Restore],
	"remove-number": decodeAs[RemoveNumber],
	"return-number": decodeAs[ReturnNumber],

	"stage-prison":    decodeAs[StagePrison],
	"announce-prison": decodeAs[AnnouncePrison],
	"switch-inbound":  decodeAs[SwitchInbound],
	"switch-outbound": decodeAs[SwitchOutbound],
	"switch-legacy":   decodeAs[SwitchLegacy],
}

// decodeAs decodes a command of a Go type.
func decodeAs[C Command](input json.RawMessage) (Command, error) {
	var c C
	err := json.Unmarshal(input, &c)
	return c, err
}

// commandName returns the name under which a command is stored. The names are wire
// values: never change one, but add its replacement and keep the old one in
// commandDecoders.
func commandName(c Command) string {
	switch c.(type) {
	case Sync:
		return "sync"
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
		return "transfer-in"
	case TransferOut:
		return "transfer-out"
	case DeleteSelfPair:
		return "delete-self-pair"
	case LearnSequence:
		return "learn-sequence"
	case ReleaseSequence:
		return "release-sequence"
	case Deliver:
		return "deliver"
	case Restore:
		return "restore"
	case RemoveNumber:
		return "remove-number"
	case ReturnNumber:
		return "return-number"
	case StagePrison:
		return "stage-prison"
	case AnnouncePrison:
		return "announce-prison"
	case SwitchInbound:
		return "switch-inbound"
	case SwitchOutbound:
		return "switch-outbound"
	case SwitchLegacy:
		return "switch-legacy"
	}
	return ""
}
