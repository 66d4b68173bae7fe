// Stand-in for google.golang.org/grpc, see go.mod of influxd.
module google.golang.org/grpc

go 1.25.10
