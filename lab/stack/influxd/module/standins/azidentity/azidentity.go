// Package azidentity stands in for Azure's ways to sign in, of which Flux's sql package offers six for SQL Server.
package azidentity

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"workshop/influxd/leftout"
)

type (
	ClientID                         string
	ManagedIdentityCredentialOptions struct{ ID ClientID }
)

func none(...any) (azcore.TokenCredential, error) {
	return nil, leftout.Error("mssql driver's Azure sign-in")
}

var (
	NewClientSecretCredential      = none
	NewClientCertificateCredential = none
	NewUsernamePasswordCredential  = none
	NewManagedIdentityCredential   = none
	NewEnvironmentCredential       = none
)

func ParseCertificates([]byte, []byte) (certificates, key any, err error) {
	_, err = none()
	return nil, nil, err
}
