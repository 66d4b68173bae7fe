// Package config stands in for AWS's configuration, one option of which Flux's sql package hands to Athena's driver.
package config

func WithHTTPClient(client any) any { return client }
