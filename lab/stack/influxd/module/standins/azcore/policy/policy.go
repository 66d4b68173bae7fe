// Package policy stands in for a part of Azure's library.
package policy

type TokenRequestOptions struct{ Scopes []string }
