// Package driver stands in for github.com/SAP/go-hdb, which Flux's sql package opens SAP HANA with.
package driver

import (
	"context"
	"database/sql/driver"
	"math/big"
	"net"

	"github.com/SAP/go-hdb/driver/dial"

	"workshop/influxd/leftout"
)

type Decimal big.Rat

func (*Decimal) Scan(any) error { return leftout.Error("hdb driver") }

type Dialer interface {
	DialContext(context.Context, string, dial.DialerOptions) (net.Conn, error)
}

type Connector struct{ driver.Connector }

func (*Connector) SetDialer(Dialer) {}

func NewDSNConnector(string) (*Connector, error) { return nil, leftout.Error("hdb driver") }
