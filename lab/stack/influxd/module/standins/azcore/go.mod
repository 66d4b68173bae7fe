// Stand-in for github.com/Azure/azure-sdk-for-go/sdk/azcore, see go.mod of influxd.
module github.com/Azure/azure-sdk-for-go/sdk/azcore

go 1.25.10
