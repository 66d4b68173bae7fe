"""Tools for authors of the course: notebooks from course/, executed, linted and tried out."""
