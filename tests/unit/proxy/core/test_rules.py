"""Mapping, permission and the configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lab.base.errors import LearnerError
from lab.proxy.config import load
from lab.proxy.core.packets import Publish
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Identity, Refusal, Route, Router, Rule, headers

WHO = Identity("device7", "user7", "cert7")


def rule(mqtt: str, **more: object) -> Rule:
    return Rule.model_validate({"name": "r", "mqtt": mqtt, "topic": "k", **more})


@pytest.mark.parametrize(
    ("pattern", "topic", "captures"),
    [
        ("a/{x}", "a/1", {"x": "1"}),
        ("a/{x}", "a/", None),
        ("a/{x}", "a/1/2", None),
        ("a/{x}/status", "a/1/status", {"x": "1"}),
        ("+/b", "a/b", {}),
        ("+/b", "/b", {}),
        ("a/#", "a", {}),
        ("a/#", "a/b/c", {}),
        ("a/#", "ab", None),
        ("#", "any/thing", {}),
        ("a/{rest#}", "a/b/c", {"rest": "b/c"}),
        ("a/{rest#}", "a", None),
        ("a.b/{x}", "aXb/1", None),
        ("{site}/{x}", "n\n/1", {"site": "n\n", "x": "1"}),
    ],
)
def test_patterns(pattern: str, topic: str, captures: dict[str, str] | None) -> None:
    assert rule(pattern).match(topic) == captures


def test_the_first_rule_that_matches_decides() -> None:
    router = Router([rule("a/{x}/status", topic="s"), rule("a/secret/#", refuse=True), rule("a/#", topic="d")])
    chosen = [router.route(topic, WHO) for topic in ("a/1/status", "a/secret/x", "a/1", "b")]
    assert [one.target.topic if isinstance(one, Route) else one.reason for one in chosen] == [
        "s",
        Reason.NOT_AUTHORIZED,
        "d",
        Reason.TOPIC_NAME_INVALID,
    ]


def test_topic_key_and_headers_are_templates() -> None:
    one = rule("{site}/{g}", topic="t_{site}", key="{g}", headers={"site": "{site}"}, partitions=2, compacted=True)
    route = Router([one]).route("north/g1", WHO)
    assert isinstance(route, Route)
    assert (route.target.topic, route.key, route.headers) == ("t_north", b"g1", (("site", b"north"),))
    assert route.target.config == {"min.insync.replicas": "2", "cleanup.policy": "compact"}


@pytest.mark.parametrize("name", ["a b", "ä", "..", "x" * 250])
def test_a_topic_that_kafka_cannot_have_is_refused(name: str) -> None:
    route = Router([rule("{x#}", topic="{x}")]).route(name, WHO)
    assert isinstance(route, Refusal)


@pytest.mark.parametrize("name", ["über", "with a space", "x" * 250, "tab\t", "a:b", "#"])
def test_a_rule_that_gives_no_kafka_topic_is_passed_over_for_a_later_one(name: str) -> None:
    lab, strays = rule("lab/{name}/{key}", topic="lab_{name}"), rule("{topic#}", topic="strays", key="{topic}")
    taken = Router([lab, strays]).route(f"lab/{name}/1", WHO)
    assert isinstance(taken, Route)
    assert (taken.target.topic, taken.key) == ("strays", f"lab/{name}/1".encode())
    refused = Router([lab, rule("#", refuse=True, topic="")]).route(f"lab/{name}/1", WHO)
    assert isinstance(refused, Refusal)
    assert refused.reason == Reason.NOT_AUTHORIZED


def test_a_rule_that_refuses_or_forbids_is_never_passed_over() -> None:
    own = rule("lab/{name}/{key}", topic="lab_{name}", allow={"name": "user"})
    found = Router([own, rule("#", topic="strays")]).route("lab/über/1", WHO)
    assert isinstance(found, Refusal)
    assert found.reason == Reason.NOT_AUTHORIZED


@pytest.mark.parametrize(("identity", "own"), [("user", "user7"), ("client_id", "device7"), ("certificate", "cert7")])
def test_a_client_may_use_its_own_name_only(identity: str, own: str) -> None:
    router = Router([rule("g/{name}", allow={"name": identity})])
    assert isinstance(router.route(f"g/{own}", WHO), Route)
    for topic, identity in (("g/other", WHO), (f"g/{own}", Identity("x"))):
        refused = router.route(topic, identity)
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.NOT_AUTHORIZED


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"mqtt": "a/#/b"}, "last level"),
        ({"mqtt": "a/b{x}"}, "must be text"),
        ({"mqtt": "{x}/{x}"}, "twice"),
        ({"mqtt": "a", "key": "{x}"}, "{x}"),
        ({"mqtt": "a", "headers": {"h": "{x}"}}, "header 'h'"),
        ({"mqtt": "a", "allow": {"x": "user"}}, "'x'"),
        ({"mqtt": "a", "topic": "no spaces"}, "not a Kafka topic"),
        ({"mqtt": "a", "topic": ""}, "no Kafka topic"),
        ({"mqtt": "a", "min_insync": 4}, "min_insync"),
    ],
)
def test_a_wrong_rule_is_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match="r") as caught:
        Rule.model_validate({"name": "r17", "topic": "k", **fields})
    assert "'r17'" in str(caught.value)
    assert named in str(caught.value)


def test_headers_carry_what_is_beside_the_payload() -> None:
    route = Router([rule("t", headers={"from": "mqtt"})]).route("t", WHO)
    assert isinstance(route, Route)
    publish = Publish(
        "t", b"", 1, 1, True, {P.USER: [("a", "1"), ("a", "2")], P.MESSAGE_EXPIRY: 5, P.CONTENT_TYPE: "x"}
    )
    assert headers(route, publish) == [
        ("from", b"mqtt"),
        ("mqtt.retain", b"1"),
        ("a", b"1"),
        ("a", b"2"),
        ("mqtt.message_expiry", b"5"),
        ("mqtt.content_type", b"x"),
    ]


MINIMAL = """
[kafka]
bootstrap = "127.0.0.1:9092"
[[listener]]
port = 1883
anonymous = true
[[rule]]
name = "all"
mqtt = "#"
topic = "t"
"""


def test_a_configuration_is_read(tmp_path: Path) -> None:
    file = tmp_path / "proxy.toml"
    file.write_text(MINIMAL + "[http]\nport = 1\n")
    config = load(file)
    assert config.listener[0].kind == "tcp"
    assert config.rule[0].name == "all"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("anonymous = true", ""), "nobody could connect"),
        (("port = 1883", 'port = 1883\nkind = "tls"'), "needs certificate and key"),
        (("port = 1883", "port = 99999"), "listener.0.port"),
        (('name = "all"', 'name = "all"\nkeys = 1'), "rule.0.keys"),
        (('topic = "t"', 'topic = "t"\nkey = "{x}"'), "rule 'all'"),
        (("[kafka]", "[kafka"), "not TOML"),
        (('topic = "t"', 'topic = "t"\n[[rule]]\nname = "all"\nmqtt = "a"\nrefuse = true'), "two rules"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    file = tmp_path / "proxy.toml"
    file.write_text(MINIMAL.replace(*change))
    with pytest.raises(LearnerError) as caught:
        load(file)
    assert named in caught.value.cause
    assert str(file) in caught.value.cause


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="No such file"):
        load(tmp_path / "none.toml")


# What a client cannot forge


@pytest.mark.parametrize("name", ["generator", "mqtt.retain", "mqtt.content_type", "mqtt.anything"])
def test_a_client_cannot_forge_a_header(name: str) -> None:
    """Kafka's lastHeader() returns the last of a name: the proxy's own is the only one."""
    route = Router([rule("g/{g}", headers={"generator": "{g}"})]).route("g/7", WHO)
    assert isinstance(route, Route)
    for retain in (False, True):
        forged = Publish("g/7", b"", 1, 1, retain, {P.USER: [(name, "forged"), ("own", "kept"), (name, "again")]})
        found = headers(route, forged)
        assert ("generator", b"7") in found
        assert ("own", b"kept") in found
        assert not [value for _, value in found if value in (b"forged", b"again")]
        assert len({key for key, _ in found}) == len(found)


def test_hash_rules_take_topics_that_begin_with_a_dollar_sign() -> None:
    """A pattern is not a subscription (4.7.2 is about those): who wants such topics out says so in a rule."""
    router = Router([rule("$SYS/#", name="no", refuse=True), rule("#", topic="all")])
    assert isinstance(router.route("$SYS/broker", WHO), Refusal)
    assert isinstance(router.route("$aws/things", WHO), Route)


@pytest.mark.parametrize(
    ("more", "tombstones"),
    [({"compacted": True, "key": "{g}"}, True), ({"compacted": True}, False), ({"key": "{g}"}, False)],
)
def test_an_empty_payload_is_a_tombstone_where_the_topic_is_compacted_and_has_a_key(
    more: dict[str, object], tombstones: bool
) -> None:
    route = Router([rule("g/{g}", **more)]).route("g/7", WHO)
    assert isinstance(route, Route)
    assert route.tombstones is tombstones


def test_every_listener_lets_somebody_in(tmp_path: Path) -> None:
    file = tmp_path / "proxy.toml"
    file.write_text(
        '[kafka]\nbootstrap = "k:1"\n[[listener]]\nport = 1883\nanonymous = true\n[[listener]]\nport = 1884\n'
        '[[rule]]\nname = "r"\nmqtt = "#"\ntopic = "t"\n'
    )
    with pytest.raises(LearnerError, match="nobody could connect to the listener on port 1884"):
        load(file)
