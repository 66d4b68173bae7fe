"""What panels ask the services for: one small class per service, each sampled by a thread of its own.

A source is opened on addresses, sampled, and closed. It returns plain dictionaries and raises whatever its
client raises; the poller turns that into "down" with a remedy.
"""
