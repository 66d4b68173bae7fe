// Stand-in for github.com/bonitoo-io/go-sql-bigquery, see go.mod of influxd.
module github.com/bonitoo-io/go-sql-bigquery

go 1.25.10
