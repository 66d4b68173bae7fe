// Stand-in for github.com/go-sql-driver/mysql, see go.mod of influxd.
module github.com/go-sql-driver/mysql

go 1.25.10
