"""`python -m lab`: what ./workshop runs once the virtual environment is ready."""

from __future__ import annotations

import sys

from lab.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
