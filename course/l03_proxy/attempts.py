"""Answers to lesson 03 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

TRUCKS = '''rules = """
[[rule]]
name = "trucks"
mqtt = "{mqtt}"
topic = "l03_trucks"
{rest}
partitions = 3
"""'''
SITES = """
[[rule]]
name = "sites"
mqtt = "sites/{site}/{kind}"
topic = "l03_site_{kind}"
key = "{site}"
partitions = 2
"""
REFUSE = """
[[rule]]
name = "no"
mqtt = "sites/{site}/debug"
refuse = true
"""


def _trucks(rest: str, mqtt: str = "trucks/{depot}/{truck}") -> str:
    return TRUCKS.replace("{mqtt}", mqtt).replace("{rest}", rest)


def _sites(text: str) -> str:
    return f'rules = """{text}"""'


def _late(
    options: str, key: str = ' if record.key == b"l03-night"', value: str = 'json.loads(record.value)["seq"]'
) -> str:
    return (
        f"consumer = KafkaConsumer(where.names.readings, **where.kafka_python(), {options}consumer_timeout_ms=3000)\n"
        f"late = [{value} for record in consumer{key}]\n"
        "consumer.close()\n"
    )


def _wait(inside: str, behind: str = "after = acknowledged([sent], 15) == 1", before: str = "") -> str:
    return f'{before}\nwith Freeze("kafka2"), Freeze("kafka3"):\n    {inside}\n    during = acknowledged([sent], 1.5) == 1\n{behind}\n'


PUBLISH = 'sent = client.publish("emergency_generators/l03-wait", reading("l03-wait"), qos=1)'

ATTEMPTS = {
    "l03.nobody": Attempts(
        wrong=(
            Wrong("a PUBACK means read", "prediction = (0, 0, 10, 1)", says="0 and 10 acknowledgements"),
            Wrong("a broker stores", "prediction = (10, 10, 10, 10)", says="first latecomer hears 10"),
            Wrong("retain is a history", "prediction = (10, 0, 10, 10)", says="second latecomer hears 10"),
        ),
        other="prediction = [10, 0, 10, 1]",
    ),
    "l03.late": Attempts(
        wrong=(
            Wrong("begins at the end", _late(""), says="late is empty"),
            Wrong(
                "everybody's",
                _late('auto_offset_reset="earliest", ', " if record.value", "record.offset"),
                says="other generators",
            ),
            Wrong("records", _late('auto_offset_reset="earliest", ', value="record"), says="list of other things"),
        ),
        other=(
            "consumer = KafkaConsumer(**where.kafka_python(), consumer_timeout_ms=3000)\n"
            "consumer.assign([TopicPartition(where.names.readings, number) for number in range(6)])\n"
            "consumer.seek_to_beginning()\n"
            "late = []\n"
            "for record in consumer:\n"
            '    if record.key == b"l03-night":\n'
            '        late.append(json.loads(record.value)["seq"])\n'
            "consumer.close()\n"
        ),
    ),
    "l03.fleet": Attempts(
        wrong=(
            Wrong("one per generator", "direct = 10_000\nthrough_proxy = 3", says="counted once"),
            Wrong("passes them on", "direct = 30_000\nthrough_proxy = 30_000", says="end at the proxy"),
            Wrong("one for the proxy", "direct = 30_000\nthrough_proxy = 1", says="one producer talks to every broker"),
        ),
        other="brokers = 3\ndirect, through_proxy = brokers * 10_000, brokers",
    ),
    "l03.rule": Attempts(
        wrong=(
            Wrong(
                "keyed by depot",
                _trucks('key = "{depot}"\nheaders = { depot = "{depot}" }'),
                says="keys are the depots",
            ),
            Wrong("no key", _trucks('headers = { depot = "{depot}" }'), says="the keys are None"),
            Wrong("no header", _trucks('key = "{truck}"'), says="called depot"),
            Wrong(
                "wrong header", _trucks('key = "{truck}"\nheaders = { depot = "{truck}" }'), says="truck7 has the depot"
            ),
            Wrong("one level", _trucks('key = "{truck}"', "trucks/{truck}"), says="no record came"),
        ),
        other=_trucks("key = '{lorry}'\n[rule.headers]\ndepot = '{place}'", "trucks/{place}/{lorry}").replace(
            "\npartitions = 3", ""
        ),
    ),
    "l03.order": Attempts(
        wrong=(
            Wrong("general first", _sites(SITES + REFUSE), says="reached l03_site_debug"),
            Wrong("refuses all", _sites(REFUSE.replace("debug", "{kind}") + SITES), says="neither"),
            Wrong("fuel only", _sites(REFUSE + SITES.replace("{kind}", "fuel")), says="only l03_site_fuel"),
            Wrong(
                "keyed by kind",
                _sites(REFUSE + SITES.replace('key = "{site}"', 'key = "{kind}"')),
                says="the keys are fuel",
            ),
        ),
        other=_sites(REFUSE.replace("{site}", "+") + SITES),
    ),
    "l03.wait": Attempts(
        wrong=(
            Wrong("QoS 0", _wait(PUBLISH.replace("qos=1", "qos=0")), says="acknowledged, you say"),
            Wrong(
                "never asks again",
                _wait(PUBLISH, "after = during\nacknowledged([sent], 15)"),
                says="never acknowledged",
            ),
            Wrong(
                "other topic",
                _wait(PUBLISH.replace("generators/l03-wait", "generators/l03-elsewhere")),
                says="no reading of l03-wait",
            ),
        ),
        other=_wait(PUBLISH.replace("qos=1", "qos=2"), "sent.wait_for_publish(15)\nafter = sent.is_published()"),
    ),
}
