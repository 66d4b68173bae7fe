"""The workshop kit: a fleet of simulated generators, the services it feeds, and the course that teaches them."""
