// Stand-in for github.com/Azure/azure-sdk-for-go/sdk/azidentity, see go.mod of influxd.
module github.com/Azure/azure-sdk-for-go/sdk/azidentity

go 1.25.10
