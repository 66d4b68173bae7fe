// Package vertigo stands in for github.com/influxdata/vertica-sql-go, which Flux's sql package opens Vertica with.
package vertigo

import (
	"context"
	"database/sql/driver"
	"net"

	"workshop/influxd/leftout"
)

type Config struct {
	driver.Connector
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

func ParseDSN(string) (*Config, error) { return nil, leftout.Error("vertica driver") }
