// Stand-in for github.com/SAP/go-hdb, see go.mod of influxd.
module github.com/SAP/go-hdb

go 1.25.10
