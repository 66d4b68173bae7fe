// Stand-in for github.com/hashicorp/vault/api, see go.mod of influxd.
module github.com/hashicorp/vault/api

go 1.25.10
