"""What the JVM services need: the runtime, jars, AOT caches and the built Connect plugin."""
