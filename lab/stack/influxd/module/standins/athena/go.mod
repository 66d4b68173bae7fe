// Stand-in for github.com/influxdata/athenadriver/v2, see go.mod of influxd.
module github.com/influxdata/athenadriver/v2

go 1.25.10
