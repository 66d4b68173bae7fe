"""What every room stands on: errors, settings, addresses, names, the reading, locks, files and progress reports."""
