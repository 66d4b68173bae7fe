// Stand-in for github.com/influxdata/vertica-sql-go, see go.mod of influxd.
module github.com/influxdata/vertica-sql-go

go 1.25.10
