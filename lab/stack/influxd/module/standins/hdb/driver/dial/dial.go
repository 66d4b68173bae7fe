// Package dial stands in for a part of github.com/SAP/go-hdb.
package dial

import (
	"net"
	"time"
)

type DialerOptions struct {
	Timeout, TCPKeepAlive time.Duration
	TCPKeepAliveConfig    net.KeepAliveConfig
}
