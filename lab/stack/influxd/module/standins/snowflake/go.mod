// Stand-in for github.com/influxdata/gosnowflake/v2, see go.mod of influxd.
module github.com/influxdata/gosnowflake/v2

go 1.25.10
