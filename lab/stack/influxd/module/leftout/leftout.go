// Package leftout is what the stand-ins under standins/ answer with.
package leftout

import (
	"github.com/influxdata/flux"
	"github.com/influxdata/flux/codes"
)

// Error names what this influxd was built without. It is Flux's own kind of error: of any other, influxd tells the client
// nothing but to look into the server's log.
func Error(what string) error {
	return &flux.Error{Code: codes.Unimplemented, Msg: "this influxd was built by the workshop without the " + what}
}
