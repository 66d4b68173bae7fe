"""InfluxDB 2: its HTTP interface, buckets, the Flux of the pipeline, and tasks with their runs."""
