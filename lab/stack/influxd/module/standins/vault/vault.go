// Package api stands in for github.com/hashicorp/vault/api, with which influxd keeps secrets when told --secret-store=vault.
package api

import (
	"time"

	"workshop/influxd/leftout"
)

type (
	Config struct {
		Address, AgentAddress string
		Timeout               time.Duration
		MaxRetries            int
		Error                 error
	}
	TLSConfig struct {
		CACert, CAPath, ClientCert, ClientKey, TLSServerName string
		Insecure                                             bool
	}
	Secret  struct{ Data map[string]any }
	Client  struct{}
	Logical struct{}
)

// DefaultConfig is the first thing influxd asks for, and the error in it is looked at before anything else happens.
func DefaultConfig() *Config { return &Config{Error: leftout.Error("vault client")} }

func (c *Config) ConfigureTLS(*TLSConfig) error { return c.Error }

func NewClient(c *Config) (*Client, error) { return nil, c.Error }

func (*Client) SetToken(string) {}

func (*Client) Logical() *Logical { return &Logical{} }

func (*Logical) Read(string) (*Secret, error) { return nil, DefaultConfig().Error }

func (*Logical) Write(string, map[string]any) (*Secret, error) { return nil, DefaultConfig().Error }
