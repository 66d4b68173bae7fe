"""What every room is built on: errors, settings, addresses, names, the reading, locks, files and progress reports."""
