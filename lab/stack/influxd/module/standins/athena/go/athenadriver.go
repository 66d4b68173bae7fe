// Package athenadriver stands in for github.com/influxdata/athenadriver/v2, which Flux's sql package opens AWS Athena with.
package athenadriver

import (
	"database/sql/driver"

	"workshop/influxd/leftout"
)

const DriverName = "awsathena"

type (
	Config    struct{}
	Connector struct {
		driver.Connector
		LoadOptions []any
	}
)

func NewConfig(string) (*Config, error) { return nil, leftout.Error("awsathena driver") }

func NewConnector(*Config) *Connector { return &Connector{} }
