"""What can go wrong while asking a service, in one tuple, and how to say it in one line."""

from __future__ import annotations

import httpx
from confluent_kafka import KafkaException

from lab.base.errors import LabError

TROUBLE = (KafkaException, httpx.HTTPError, OSError, ValueError, KeyError, RuntimeError, TypeError, IndexError)
"""Everything a service that is gone, half up or answering oddly makes a client raise. A thread that feeds
panels must outlive all of it; anything else is a defect of ours and may end the thread."""
LONGEST = 200
"""Characters of a foreign message that still read as one line."""


def explain(error: BaseException) -> str:
    """One line from an exception: our own cause, Kafka's own text, or the message, or the class."""
    if isinstance(error, LabError):
        text = error.cause
    elif isinstance(error, KafkaException) and error.args and hasattr(error.args[0], "str"):
        text = str(error.args[0].str())
    else:
        text = str(error)
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
