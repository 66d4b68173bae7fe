"""Where a publish goes, and what it carries: ordered rules from MQTT topic patterns to Kafka topic, key and headers.

A pattern is an MQTT topic whose levels may be `{name}` (one level, captured), `+` (one level) and, as the last
one, `{name#}` or `#` (the rest, captured or not). The first rule that matches decides; a rule may refuse; a
publish that no rule matches is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from lab.proxy.core.packets import Publish
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason

IdentityField = Literal["user", "client_id", "certificate"]
OnRefusal = Literal["close", "acknowledge"]

_KAFKA_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
"""Kafka's own rule for topic names; `.` and `..` are excluded apart."""
PUBLISH_BYTES = 560
"""What a publish in flight takes beside its texts, here and in librdkafka's queue; measured."""
TARGETS_MAX = 10_000
"""Kafka topics remembered, so that clients that invent topics cost no memory here."""
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
_FIELD = re.compile(r"\{(\w+)\}")
_CAPTURE = re.compile(r"\{(\w+)(#?)\}")


@dataclass(slots=True, frozen=True)
class Identity:
    """Whom a connection was found to be; None where it has shown nothing."""

    client_id: str
    user: str | None = None
    certificate: str | None = None


@dataclass(slots=True)
class Target:
    """A Kafka topic as a rule wants it made."""

    topic: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Route:
    """What the rules say about one MQTT topic."""

    target: Target
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    max_bytes: int
    rule: str
    weight: int = PUBLISH_BYTES
    """Bytes that a publish on this route holds while in flight, beside its payload and headers."""
    tombstones: bool = False
    """An empty payload is handed over as no value at all, which deletes the key from a compacted topic."""
    acknowledge: bool = False
    """What a 3.1.1 client hears of a permanent refusal: an acknowledgement, or its connection closes."""


@dataclass(slots=True, frozen=True)
class Refusal:
    """Why a publish may not pass; `detail` goes to a 5.0 client."""

    reason: Reason
    detail: str
    acknowledge: bool = False


class Rule(BaseModel):
    """One `[[rule]]` of the configuration file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    mqtt: str
    """Pattern of MQTT topics."""
    topic: str = ""
    """Template of the Kafka topic."""
    key: str | None = None
    """Template of the record's key; none: records are spread over the partitions."""
    headers: dict[str, str] = {}
    """Record header to template."""
    refuse: bool = False
    allow: dict[str, IdentityField] = {}
    """Capture to the identity it must equal: `{ generatorID = "user" }`."""
    partitions: int = Field(default=6, ge=1)
    replication: int = Field(default=3, ge=1)
    min_insync: int = Field(default=2, ge=1)
    compacted: bool = False
    max_bytes: int = Field(default=900_000, ge=1)
    """Largest payload with the properties that a 5.0 client sends beside it, in bytes. Kafka's own default for a batch
    is 1,048,588."""
    on_refusal: OnRefusal = "close"
    """What a 3.1.1 client hears of a publish that this rule refuses, or Kafka for what it holds. An acknowledgement
    means everywhere else that Kafka has it, so that giving one here is for the owner of the rule to choose."""

    _pattern: re.Pattern[str] = PrivateAttr()

    @model_validator(mode="after")
    def _check(self) -> Rule:
        self._pattern = self._compile()
        captures = set(self._pattern.groupindex)
        if not self.refuse and not self.topic:
            raise ValueError(f"rule {self.name!r} has no Kafka topic; write topic = ... or refuse = true")
        for what, template in self._templates().items():
            for name in _FIELD.findall(template):
                if name not in captures:
                    raise ValueError(
                        f"rule {self.name!r}: {what} uses {{{name}}}, which {self.mqtt!r} does not capture"
                    )
        for name in self.allow:
            if name not in captures:
                raise ValueError(f"rule {self.name!r}: allow names {name!r}, which {self.mqtt!r} does not capture")
        if self.topic and not _kafka_topic(_FIELD.sub("x", self.topic)):
            raise ValueError(f"rule {self.name!r}: {self.topic!r} is not a Kafka topic name (letters, digits, . _ -)")
        if self.min_insync > self.replication:
            raise ValueError(
                f"rule {self.name!r}: min_insync {self.min_insync} is above replication {self.replication}"
            )
        return self

    def _templates(self) -> dict[str, str]:
        return {"topic": self.topic, "key": self.key or "", **{f"header {k!r}": v for k, v in self.headers.items()}}

    def _compile(self) -> re.Pattern[str]:
        levels = self.mqtt.split("/")
        parts = [self._level(level, index == len(levels) - 1) for index, level in enumerate(levels)]
        expression = "/".join(parts).replace("/(?:/.*)?", "(?:/.*)?")
        try:
            return re.compile(expression, re.DOTALL)
        except re.error as error:
            raise ValueError(f"rule {self.name!r}: {self.mqtt!r} captures a name twice or badly: {error}") from error

    def _level(self, level: str, last: bool) -> str:
        capture = _CAPTURE.fullmatch(level)
        if (level == "#" or (capture and capture[2])) and not last:
            raise ValueError(f"rule {self.name!r}: # may only be the last level of {self.mqtt!r}")
        if level == "#":
            return "(?:/.*)?" if self.mqtt != "#" else ".*"
        if capture:
            return f"(?P<{capture[1]}>{'.+' if capture[2] else '[^/]+'})"
        if level == "+":
            return "[^/]*"
        if set(level) & set("+#{}"):
            raise ValueError(f"rule {self.name!r}: level {level!r} of {self.mqtt!r} must be text, + , # or {{name}}")
        return re.escape(level)

    def match(self, topic: str) -> dict[str, str] | None:
        """The captures when this rule's pattern matches the whole topic."""
        found = self._pattern.fullmatch(topic)
        return found.groupdict() if found else None

    def target(self, captures: dict[str, str]) -> Target:
        """The Kafka topic for these captures, as it would be created."""
        config = {"min.insync.replicas": str(self.min_insync)}
        if self.compacted:
            config["cleanup.policy"] = "compact"
        return Target(_fill(self.topic, captures), self.partitions, self.replication, config)


def _fill(template: str, captures: dict[str, str]) -> str:
    return _FIELD.sub(lambda found: captures[found[1]], template)


def _kafka_topic(name: str) -> bool:
    return bool(_KAFKA_TOPIC.fullmatch(name)) and name not in (".", "..")


class Router:
    """All rules in order, and the Kafka topics they have led to."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._targets: dict[str, Target] = {}

    def route(self, topic: str, identity: Identity) -> Route | Refusal:
        """What happens with a publish of `identity` to `topic`.

        A rule that matches and gives no Kafka topic name is passed over: where a later one takes what belongs to
        nothing, a client whose version has no negative acknowledgement need not lose its connection for a letter.
        """
        passed_over = None
        for rule in self._rules:
            captures = rule.match(topic)
            if captures is not None:
                found = self._apply(rule, captures, topic, identity)
                if found is not None:
                    return found
                passed_over = passed_over or rule
        if passed_over is None:
            return Refusal(Reason.TOPIC_NAME_INVALID, "No rule of this proxy takes that topic.")
        forgiving = passed_over.on_refusal == "acknowledge"
        return Refusal(Reason.TOPIC_NAME_INVALID, "That topic gives no valid Kafka topic name.", forgiving)

    def _apply(self, rule: Rule, captures: dict[str, str], topic: str, identity: Identity) -> Route | Refusal | None:
        """What this rule says; None when it gives no name that Kafka takes."""
        forgiving = rule.on_refusal == "acknowledge"
        if rule.refuse:
            return Refusal(Reason.NOT_AUTHORIZED, f"Rule {rule.name} refuses that topic.", forgiving)
        for name, shown in rule.allow.items():
            if captures[name] != getattr(identity, shown):
                detail = f"Rule {rule.name} lets a client use its own {name} only."
                return Refusal(Reason.NOT_AUTHORIZED, detail, forgiving)
        target = rule.target(captures)
        if not _kafka_topic(target.topic):
            return None
        if len(self._targets) >= TARGETS_MAX:
            self._targets.clear()
        target = self._targets.setdefault(target.topic, target)
        headers = tuple((name, _fill(value, captures).encode()) for name, value in rule.headers.items())
        key = None if rule.key is None else _fill(rule.key, captures).encode()
        weight = PUBLISH_BYTES + len(topic) + len(key or b"")
        return Route(target, key, headers, rule.max_bytes, rule.name, weight, rule.compacted and bool(key), forgiving)


def too_large(route: Route) -> Refusal:
    """What a publish is told that holds more than its rule takes."""
    detail = f"Rule {route.rule} takes at most {route.max_bytes} bytes."
    return Refusal(Reason.QUOTA_EXCEEDED, detail, route.acknowledge)


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
