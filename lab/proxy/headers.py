"""Record headers: what a publish carries beside its payload and its topic."""

from __future__ import annotations

from lab.proxy.packets import Publish
from lab.proxy.properties import P
from lab.proxy.rules import Route

Headers = list[tuple[str, str | bytes | None]]
"""As the Kafka client wants them."""
RETAIN = "mqtt.retain"
NAMES = {
    P.PAYLOAD_FORMAT: "mqtt.payload_format",
    P.MESSAGE_EXPIRY: "mqtt.message_expiry",
    P.CONTENT_TYPE: "mqtt.content_type",
    P.RESPONSE_TOPIC: "mqtt.response_topic",
    P.CORRELATION_DATA: "mqtt.correlation_data",
}
"""5.0's properties of a message; numbers become decimal text. User properties keep their own names."""


def headers(route: Route, publish: Publish) -> Headers:
    """The rule's headers, the retained flag, and the properties of 5.0 in that order."""
    found: Headers = list(route.headers)
    if publish.retain:
        found.append((RETAIN, b"1"))
    for identifier, value in (publish.properties or {}).items():
        if identifier == P.USER:
            found += [(name, text.encode()) for name, text in value]
        else:
            found.append((NAMES[P(identifier)], value if isinstance(value, bytes) else str(value).encode()))
    return found
