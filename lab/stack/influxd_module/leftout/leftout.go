// Package leftout is what the stand-ins under standins/ answer with.
package leftout

// Error names what this influxd was built without.
type Error string

func (what Error) Error() string {
	return "this influxd was built by the workshop without the " + string(what)
}
