package shape

// Page is a page of all non-associations.
type Page = PageOf[NonAssociation]

// PageOf is a page as Spring writes it, which callers of the former service read.
type PageOf[T any] struct {
	Content          []T      `json:"content"`
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

// Pageable is where a page is.
type Pageable struct {
	PageNumber int64  `json:"pageNumber"`
	PageSize   int    `json:"pageSize"`
	Sort       Sorted `json:"sort"`
	Offset     int64  `json:"offset"`
	Paged      bool   `json:"paged"`
	Unpaged    bool   `json:"unpaged"`
}

// Sorted is whether a page is sorted. It always is.
type Sorted struct {
	Empty    bool `json:"empty"`
	Sorted   bool `json:"sorted"`
	Unsorted bool `json:"unsorted"`
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
