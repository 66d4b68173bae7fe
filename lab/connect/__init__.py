"""Kafka Connect: its REST interface, the two connectors' configurations, and the plugin's build."""
