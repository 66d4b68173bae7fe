"""Kafka, for everything but the proxy: client settings, topics, reading between offsets, lag."""
