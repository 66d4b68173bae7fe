// Stand-in for github.com/aws/aws-sdk-go-v2/config, see go.mod of influxd.
module github.com/aws/aws-sdk-go-v2/config

go 1.25.10
