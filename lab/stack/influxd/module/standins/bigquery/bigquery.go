// Package bigquery stands in for github.com/bonitoo-io/go-sql-bigquery, which Flux's sql package opens BigQuery with.
package bigquery

import "workshop/influxd/leftout"

type Config struct{ ProjectID, Location string }

func ConfigFromConnString(string) (*Config, error) { return nil, leftout.Error("bigquery driver") }
