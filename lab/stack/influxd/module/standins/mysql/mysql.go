// Package mysql stands in for github.com/go-sql-driver/mysql, which Flux's sql package opens MySQL with.
package mysql

import (
	"context"
	"database/sql/driver"
	"net"

	"workshop/influxd/leftout"
)

type Config struct {
	Net, User, Passwd, Addr string
	AllowAllFiles           bool
	DialFunc                func(ctx context.Context, network, address string) (net.Conn, error)
}

func ParseDSN(string) (*Config, error) { return nil, leftout.Error("mysql driver") }

func NewConnector(*Config) (driver.Connector, error) { return nil, leftout.Error("mysql driver") }
