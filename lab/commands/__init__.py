"""The verbs of ./workshop, one module each, and what they print."""
