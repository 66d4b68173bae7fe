// Stand-in for github.com/jackc/pgx/v5, see go.mod of influxd.
module github.com/jackc/pgx/v5

go 1.25.10
