"""MQTT without input or output: packets, sessions, topic rules. Bytes and time go in, events and bytes come out."""
