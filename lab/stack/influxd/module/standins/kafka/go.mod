// Stand-in for github.com/segmentio/kafka-go, see go.mod of influxd.
module github.com/segmentio/kafka-go

go 1.25.10
