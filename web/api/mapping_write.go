package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
	"nonassociations/web/strictjson"
)

// createMapping records by which sequence NOMIS knows a record. The same again is 201
// again. A key that is taken is 409, with the mapping that holds.
func (a *API) createMapping(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, pair, sequence, err := readMapping(r)
	if err != nil {
		return response{}, err
	}
	receipt, err := a.commands.ExecuteByID(ctx, a.cause(r, by, domain.NOMIS), id, domain.LearnSequence{ID: id, Pair: pair, TypeSequence: sequence})
	if err != nil {
		return response{}, a.mappingConflict(ctx, err, shape.NewMapping(id, pair, sequence, domain.MappingNOMIS))
	}
	return response{status: http.StatusCreated, position: formatPosition(receipt.Position.Uint64())}, nil
}

// readMapping reads the body of a mapping. What is derived, as its type and its label,
// is skipped.
func readMapping(r *http.Request) (uuid.UUID, domain.Pair, int, error) {
	body, err := readJSON(r)
	if err != nil {
		return uuid.Nil, domain.Pair{}, 0, err
	}
	var (
		id            strictjson.Field[uuid.UUID]
		first, second strictjson.Field[domain.PrisonerNumber]
		sequence      strictjson.Field[int]
	)
	d := strictjson.NewDecoder(body)
	err = readObject(d, func(name string) error {
		switch name {
		case "nonAssociationId":
			return strictjson.Text(d, &id, parseID)
		case "firstOffenderNo":
			return strictjson.Text(d, &first, domain.ParsePrisonerNumber)
		case "secondOffenderNo":
			return strictjson.Text(d, &second, domain.ParsePrisonerNumber)
		case "nomisTypeSequence":
			return strictjson.Number(d, &sequence, parseSequence)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, id, "nonAssociationId")
		strictjson.Need(d, first, "firstOffenderNo")
		strictjson.Need(d, second, "secondOffenderNo")
		strictjson.Need(d, sequence, "nomisTypeSequence")
	})
	pair, self := domain.NewPair(first.Value, second.Value)
	if first.Given && second.Given && self != nil {
		d.FaultAt("/secondOffenderNo", self.Error())
	}
	return id.Value, pair, sequence.Value, d.Result(err)
}

// mappingConflict adds both mappings to the refusal of one that contradicts the other.
func (a *API) mappingConflict(ctx context.Context, err error, asked shape.Mapping) error {
	var refusal domain.Refusal
	if !errors.As(err, &refusal) || refusal.Code != domain.CodeMapped || refusal.Current == nil {
		return err
	}
	holds := *refusal.Current
	pair, _ := domain.NewPair(asked.FirstOffenderNo, asked.SecondOffenderNo)
	existing := shape.NewMapping(holds.ID, pair, holds.TypeSequence, domain.MappingTypeOf(holds.CreatedSource, holds.CreatedSource))
	// The read model knows more of it than the record does, unless it is behind.
	if found, err := a.mappings.MappingOf(ctx, holds.ID, 0); err == nil && len(found.Mappings) > 0 && found.Mappings[0].TypeSequence == holds.TypeSequence {
		if shown, err := a.shownMappings(ctx, found.Mappings); err == nil {
			existing = shown[0]
		}
	}
	p := refused(refusal)
	p.MoreInfo = shape.MappingConflict{Existing: existing, Duplicate: asked}
	return p
}

// deleteMapping records that NOMIS no longer knows a record by its sequence. A record
// that is unknown or not mapped is answered likewise.
func (a *API) deleteMapping(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	if _, err := readBody(r); err != nil {
		return response{}, err
	}
	out := response{status: http.StatusNoContent}
	receipt, err := a.commands.ExecuteByID(ctx, a.cause(r, by, domain.NOMIS), id, domain.ReleaseSequence{ID: id})
	var refusal domain.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Code == domain.CodeNotFound:
		out.position = formatPosition(a.reads.Position())
	case err != nil:
		return response{}, err
	default:
		out.position = formatPosition(receipt.Position.Uint64())
	}
	return out, nil
}

// pathDetail parses the pair and the sequence of a path.
func pathDetail(r *http.Request) (domain.Pair, int, error) {
	first, err := pathNumber(r, "firstOffenderNo")
	if err != nil {
		return domain.Pair{}, 0, err
	}
	second, err := pathNumber(r, "secondOffenderNo")
	if err != nil {
		return domain.Pair{}, 0, err
	}
	pair, err := domain.NewPair(first, second)
	if err != nil {
		return domain.Pair{}, 0, invalidValue("secondOffenderNo", err.Error())
	}
	text, err := pathValue(r, "typeSequence")
	if err != nil {
		return domain.Pair{}, 0, err
	}
	// A path has one spelling of a number, unlike JSON.
	sequence, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(sequence) != text || sequence < 1 || sequence > maxSequence {
		return domain.Pair{}, 0, invalidValue("typeSequence", "must be a whole number from 1 to "+strconv.Itoa(maxSequence))
	}
	return pair, sequence, nil
}
