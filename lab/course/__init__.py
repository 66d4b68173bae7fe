"""The course's own tools: manifest, authored source, builder, lint, attempts harness and goto."""
