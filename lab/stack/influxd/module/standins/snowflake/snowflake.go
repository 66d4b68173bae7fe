// Package gosnowflake stands in for github.com/influxdata/gosnowflake/v2, which Flux's sql package opens Snowflake with.
package gosnowflake

import (
	"database/sql/driver"
	"net/http"

	"workshop/influxd/leftout"
)

type Config struct {
	User, Password, Protocol, Host string
	Transporter                    http.RoundTripper
}

type SnowflakeDriver struct{}

func ParseDSN(string) (*Config, error) { return nil, leftout.Error("snowflake driver") }

// NewConnector is never reached: there is no Config without ParseDSN.
func NewConnector(SnowflakeDriver, Config) driver.Connector { return nil }
