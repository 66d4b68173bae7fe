// Package mssql stands in for github.com/microsoft/go-mssqldb, which Flux's sql package opens SQL Server with.
package mssql

import (
	"context"
	"database/sql/driver"

	"workshop/influxd/leftout"
)

type Connector struct {
	driver.Connector
	Dialer any
}

func NewConnector(string) (*Connector, error) { return nil, leftout.Error("mssql driver") }

func NewConnectorWithAccessTokenProvider(dsn string, _ func(context.Context) (string, error)) (*Connector, error) {
	return NewConnector(dsn)
}
