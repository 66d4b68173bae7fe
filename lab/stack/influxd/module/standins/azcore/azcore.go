// Package azcore stands in for Azure's library, with which Flux's sql package signs in to SQL Server.
package azcore

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

type AccessToken struct{ Token string }

type TokenCredential interface {
	GetToken(context.Context, policy.TokenRequestOptions) (AccessToken, error)
}
