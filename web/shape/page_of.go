package shape

// PageOf is a page of other things than non-associations, as Spring writes it.
type PageOf[T any] struct {
	Content          []T      `json:"content"` // never null
	Pageable         Pageable `json:"pageable"`
	Last             bool     `json:"last"`
	TotalPages       int64    `json:"totalPages"`
	TotalElements    int64    `json:"totalElements"`
	Size             int      `json:"size"`
	Number           int64    `json:"number"` // from 0
	Sort             Sorted   `json:"sort"`
	First            bool     `json:"first"`
	NumberOfElements int      `json:"numberOfElements"` // on this page
	Empty            bool     `json:"empty"`
}

// NewPageOf returns the page of a number, of so many elements in all.
func NewPageOf[T any](content []T, number int64, size, total int) PageOf[T] {
	if content == nil {
		content = []T{}
	}
	sort := Sorted{Sorted: true}
	behind := number*int64(size) + int64(len(content))
	return PageOf[T]{
		Content: content, Pageable: Pageable{PageNumber: number, PageSize: size, Sort: sort, Offset: number * int64(size), Paged: true},
		Last: behind >= int64(total), First: number == 0, Sort: sort, Size: size, Number: number, TotalElements: int64(total),
		TotalPages: (int64(total) + int64(size) - 1) / int64(size), NumberOfElements: len(content), Empty: len(content) == 0,
	}
}
