// Stand-in for cloud.google.com/go/bigtable, see go.mod of influxd.
module cloud.google.com/go/bigtable

go 1.25.10
