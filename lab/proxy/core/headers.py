"""Record headers: what a publish carries beside its payload and its topic."""

from __future__ import annotations

from lab.proxy.core.packets import Publish
from lab.proxy.core.properties import P
from lab.proxy.core.rules import Route

Headers = list[tuple[str, str | bytes | None]]
"""As the Kafka client wants them."""
RETAIN = "mqtt.retain"
OWN = "mqtt."
"""Names that begin so are the proxy's."""
NAMES = {
    P.PAYLOAD_FORMAT: "mqtt.payload_format",
    P.MESSAGE_EXPIRY: "mqtt.message_expiry",
    P.CONTENT_TYPE: "mqtt.content_type",
    P.RESPONSE_TOPIC: "mqtt.response_topic",
    P.CORRELATION_DATA: "mqtt.correlation_data",
}
"""5.0's properties of a message; numbers become decimal text. User properties keep their own names."""
HEADER_BYTES = 80
"""What librdkafka takes for a header beside its name and value; measured."""


def headers(route: Route, publish: Publish) -> Headers:
    """The rule's headers, the retained flag, and the properties of 5.0 in that order.

    A user property under a name that a rule's header has, or that begins with `mqtt.`, is dropped: readers of Kafka
    take the last header of a name, and a device could forge what a rule asserts of it.
    """
    found: Headers = list(route.headers)
    if publish.retain:
        found.append((RETAIN, b"1"))
    for identifier, value in (publish.properties or {}).items():
        if identifier == P.USER:
            taken = {name for name, _ in route.headers}
            found += [(n, text.encode()) for n, text in value if n not in taken and not n.startswith(OWN)]
        else:
            found.append((NAMES[P(identifier)], value if isinstance(value, bytes) else str(value).encode()))
    return found


def weight(headers: Headers) -> int:
    """About how many bytes they take in librdkafka's queue."""
    return sum(HEADER_BYTES + len(name) + len(value or b"") for name, value in headers)


def content(route: Route, publish: Publish, headers: Headers | None) -> int:
    """Bytes of the client's own, payload and properties: what a rule's `max_bytes` bounds."""
    size = len(publish.payload)
    if publish.properties and headers:
        own = len(route.headers) + publish.retain
        size += sum(len(name) + len(value or b"") for name, value in headers[own:])
    return size
