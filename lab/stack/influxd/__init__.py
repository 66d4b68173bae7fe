"""influxd as a service: found, downloaded or built, then set up."""
