package domain

import "maps"

// NOMISKnowledge is what a record carries from one pair to another about NOMIS. Base is
// what NOMIS is known to have held last, in the fields that OwnSince has. OwnSince has
// the values of each field since then, oldest first. Both are nil when nothing is known.
type NOMISKnowledge struct {
	Base     *Detail                   `json:"base"`
	OwnSince map[DetailField][]*string `json:"ownSince"`
}

// Knowledge returns what the record carries to another pair, under the numbers of this
// one.
func (e Exchange) Knowledge(pair Pair) NOMISKnowledge {
	if len(e.base) == 0 {
		return NOMISKnowledge{}
	}
	base, own := Detail{ReasonCodes: map[PrisonerNumber]ReasonCode{}}, map[DetailField][]*string{}
	for _, f := range DetailFields(pair) {
		if b, known := e.base[f]; known {
			base, own[f] = base.With(f, b.value), e.OwnSince(f)
		}
	}
	return NOMISKnowledge{Base: &base, OwnSince: own}
}

// Known returns the knowledge under the new number.
func (r Renumbering) Known(k NOMISKnowledge) NOMISKnowledge {
	if k.OwnSince == nil {
		return k
	}
	base, own := *k.Base, map[DetailField][]*string{}
	base.ReasonCodes = maps.Clone(base.ReasonCodes)
	if code, has := base.ReasonCodes[r.Previous]; has {
		delete(base.ReasonCodes, r.Previous)
		base.ReasonCodes[r.Number] = code
	}
	for f, values := range k.OwnSince {
		if f == DetailReasonCode(r.Previous) {
			f = DetailReasonCode(r.Number)
		}
		own[f] = values
	}
	return NOMISKnowledge{Base: &base, OwnSince: own}
}
