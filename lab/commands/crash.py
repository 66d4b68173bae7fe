"""An error that nobody foresaw: the traceback goes to a file, the person gets two lines."""

from __future__ import annotations

import traceback

from lab.base.errors import LabError
from lab.base.files import write
from lab.commands.console import err, show_error
from lab.stack.layout import layout


def keep(error: Exception) -> int:
    """Write the traceback and name its file; returns the exit code."""
    text = "".join(traceback.format_exception(error))
    cause = f"An error that the workshop did not foresee: {type(error).__name__}: {error}"
    try:
        path = write(layout().log("crash"), text)
    except LabError:
        err.print(text, markup=False)
        show_error(LabError(cause, "Please report it with the lines above."))
    else:
        show_error(LabError(cause, f"The details are in {path}; ./workshop doctor finds the usual causes."))
    return 1
