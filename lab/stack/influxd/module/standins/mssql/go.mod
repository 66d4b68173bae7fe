// Stand-in for github.com/microsoft/go-mssqldb, see go.mod of influxd.
module github.com/microsoft/go-mssqldb

go 1.25.10
