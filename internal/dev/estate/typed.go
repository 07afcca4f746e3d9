package estate

import "nonassociations/web/client"

// Typed is the telling as the typed client sends it.
func (t SyncRequest) Typed() client.SyncRequest {
	request := client.SyncRequest{PrisonerNumber: t.PrisonerNumber, NonAssociations: make([]client.SyncItem, len(t.NonAssociations))}
	for i, item := range t.NonAssociations {
		request.NonAssociations[i] = client.SyncItem{
			NonAssociation: client.NonAssociation{
				ReasonCode: item.ReasonCode, TypeCode: item.TypeCode, EffectiveDate: item.EffectiveDate,
				ExpiryDate: item.ExpiryDate, AuthorisedBy: item.AuthorisedBy, Comments: item.Comments,
				PrisonerNonAssociation: client.Side(item.PrisonerNonAssociation),
			},
			TypeSequence: &item.TypeSequence,
		}
	}
	return request
}
