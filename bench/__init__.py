"""Benchmarks that `./workshop bench NAME` runs; each module has `main(json: bool) -> int`."""
