"""The fleet of simulated generators: physics, MQTT publishing, and the dispatcher that answers their alarms."""
