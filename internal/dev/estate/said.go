package estate

import "nonassociations/web/client"

// Said is the telling as the typed client sends it.
func (t Telling) Said() client.Said {
	said := client.Said{PrisonerNumber: t.PrisonerNumber, NonAssociations: make([]client.SaidItem, len(t.NonAssociations))}
	for i, item := range t.NonAssociations {
		said.NonAssociations[i] = client.SaidItem{
			NonAssociation: client.NonAssociation{
				ReasonCode: item.ReasonCode, TypeCode: item.TypeCode, EffectiveDate: item.EffectiveDate,
				ExpiryDate: item.ExpiryDate, AuthorisedBy: item.AuthorisedBy, Comments: item.Comments,
				PrisonerNonAssociation: client.Side(item.PrisonerNonAssociation),
			},
			TypeSequence: &item.TypeSequence,
		}
	}
	return said
}
