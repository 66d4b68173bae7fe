// Package pgx stands in for github.com/jackc/pgx/v5, which Flux's sql package opens PostgreSQL with.
package pgx

import (
	"context"
	"net"
	"strings"

	"workshop/influxd/leftout"
)

type ConnConfig struct {
	DialFunc func(ctx context.Context, network, address string) (net.Conn, error)
}

func ParseConfig(string) (*ConnConfig, error) { return nil, leftout.Error("postgres driver") }

type Identifier []string

// Sanitize gives the quoted name as it would stand in a statement; none is ever sent.
func (name Identifier) Sanitize() string { return `"` + strings.Join(name, `"."`) + `"` }
