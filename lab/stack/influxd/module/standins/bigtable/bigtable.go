// Package bigtable stands in for Google's client of Bigtable, which Flux's experimental/bigtable reads with.
//
// Flux makes filters while it plans a query, before it connects: they do nothing here.
package bigtable

import (
	"context"
	"time"

	"google.golang.org/api/option"

	"workshop/influxd/leftout"
)

type (
	Client     struct{}
	Table      struct{}
	Timestamp  int64
	RowSet     any
	RowRange   struct{}
	Filter     any
	ReadOption any
	Row        map[string][]ReadItem
	ReadItem   struct {
		Row, Column string
		Timestamp   Timestamp
		Value       []byte
	}
)

func NewClient(context.Context, string, string, ...option.ClientOption) (*Client, error) {
	return nil, leftout.Error("bigtable client")
}

func (*Client) Open(string) *Table { return &Table{} }

func (*Client) Close() error { return nil }

func (*Table) ReadRows(context.Context, RowSet, func(Row) bool, ...ReadOption) error {
	return leftout.Error("bigtable client")
}

func (Timestamp) Time() time.Time { return time.Time{} }

func InfiniteRange(string) RowRange                    { return RowRange{} }
func NewRange(string, string) RowRange                 { return RowRange{} }
func PrefixRange(string) RowRange                      { return RowRange{} }
func SingleRow(string) RowSet                          { return nil }
func PassAllFilter() Filter                            { return nil }
func ChainFilters(...Filter) Filter                    { return nil }
func FamilyFilter(string) Filter                       { return nil }
func TimestampRangeFilter(time.Time, time.Time) Filter { return nil }
func RowFilter(Filter) ReadOption                      { return nil }
func LimitRows(int64) ReadOption                       { return nil }
