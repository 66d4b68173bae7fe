// Stand-in for google.golang.org/api, see go.mod of influxd.
module google.golang.org/api

go 1.25.10
