// Package option stands in for google.golang.org/api/option, with which Flux configures the client of Bigtable.
package option

type ClientOption any

func WithCredentialsJSON([]byte) ClientOption { return nil }
func WithGRPCDialOption(any) ClientOption     { return nil }
