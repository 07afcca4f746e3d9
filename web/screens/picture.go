package screens

import "nonassociations/queries/whereabouts"

type picture struct{}

func pictureOf(whereabouts.Sheet) *picture { return nil }
