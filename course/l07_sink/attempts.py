"""Answers to lesson 07 that the checks are tried on."""

from lab.authoring.attempts import Attempts, Wrong


def _sink(more: str) -> str:
    return (
        'connect.create_or_update("l07-sink", BASE | {"topics": "l07_readings", "influxdb.bucket": "l07_raw", '
        + more
        + "})"
    )


_PAUSE = 'connect.pause("l07-plain")\nwait_for(lambda: state("l07-plain") == "PAUSED")\n'

ATTEMPTS = {
    "l07.validate": Attempts(
        wrong=(
            Wrong(
                "one of two",
                'fixed = draft | {"write.precision": "Microseconds"}',
                says="complains about influxdb.bucket",
            ),
            Wrong(
                "any unit",
                'fixed = draft | {"write.precision": "Milliseconds", "influxdb.bucket": "l07_raw"}',
                says="takes the times for milliseconds",
            ),
            Wrong(
                "the pipeline's bucket",
                'fixed = draft | {"write.precision": "Microseconds", "influxdb.bucket": "kafka_raw"}',
                says="would write to kafka_raw",
            ),
            Wrong("the validation", "fixed = connect.validate(draft)", says="not the validation"),
        ),
        other='fixed = {**draft}\nfixed["write.precision"] = "Microseconds"\nfixed["influxdb.bucket"] = "l07_raw"',
    ),
    "l07.points": Attempts(
        wrong=(
            Wrong("all of them", "points = 30", says="the same point"),
            Wrong("one per generator", "points = 3", says="there is none"),
        ),
        other='points = count("l07_plain")',
    ),
    "l07.create": Attempts(
        wrong=(
            Wrong("no tag", _sink('"write.precision": "Microseconds"'), says="without the tag"),
            Wrong("milliseconds", _sink('"tag.fields": "generatorID"'), says="another unit"),
            Wrong(
                "arrival time",
                'connect.create_or_update("l07-sink", {key: value for key, value in BASE.items() if "event" not in key}'
                ' | {"topics": "l07_readings", "influxdb.bucket": "l07_raw", "write.precision": "Microseconds",'
                ' "tag.fields": "generatorID"})',
                says="refuses one called time",
            ),
            Wrong(
                "another topic",
                'connect.create_or_update("l07-sink", BASE | {"topics": "l07_reading", "influxdb.bucket": "l07_raw",'
                ' "write.precision": "Microseconds", "tag.fields": "generatorID"})',
                says="no points in l07_raw",
            ),
        ),
        other='connect.create_or_update("l07-sink", plain | {"influxdb.bucket": "l07_raw", "tag.fields": "generatorID"})',
    ),
    "l07.letters": Attempts(
        wrong=(
            Wrong("only restarts", 'connect.restart("l07-strict")', says="still strict"),
            Wrong(
                "no topic",
                'connect.create_or_update("l07-strict", strict | {"errors.tolerance": "all"})',
                says="dropped",
            ),
            Wrong(
                "no headers",
                'connect.create_or_update("l07-strict", strict | {"errors.tolerance": "all",'
                ' "errors.deadletterqueue.topic.name": "l07_letters"})',
                says="without a reason",
            ),
        ),
        other="""import httpx
tolerant = dict(strict)
tolerant["errors.tolerance"] = "all"
tolerant["errors.deadletterqueue.topic.name"] = "l07_letters"
tolerant["errors.deadletterqueue.context.headers.enable"] = "true"
httpx.put(f"{where.connect_url}/connectors/l07-strict/config", json=tolerant, trust_env=False).raise_for_status()""",
    ),
    "l07.repair": Attempts(
        wrong=(
            Wrong(
                "a whole number",
                'letter, reason = letters()[-1]\nsend("l07_poisoned", [letter | {"fuel": 1000}])',
                says="a whole number, and the field is a float",
            ),
            Wrong(
                "as it was", 'letter, reason = letters()[-1]\nsend("l07_poisoned", [letter])', says="still no number"
            ),
            Wrong(
                "another time",
                'letter, reason = letters()[-1]\nsend("l07_poisoned", [letter | {"fuel": 1000.0, "time": NOON + 9_000_000}])',
                says="the time was changed",
            ),
            Wrong(
                "another topic",
                'letter, reason = letters()[-1]\nsend("l07_letters", [letter | {"fuel": 1000.0}])',
                says="nothing was sent to l07_poisoned",
            ),
        ),
        other='send("l07_poisoned", [reading("generator2", 2, 1000.0)])',
    ),
    "l07.lag": Attempts(
        wrong=(
            Wrong("never paused", 'send("l07_readings", more)\nbehind = lag("l07-plain")', says="was not paused"),
            Wrong(
                "measured too early",
                _PAUSE + 'behind = lag("l07-plain")\nsend("l07_readings", more)\nconnect.resume("l07-plain")',
                says="before the readings were sent",
            ),
            Wrong("still paused", _PAUSE + 'send("l07_readings", more)\nbehind = lag("l07-plain")', says="lasts until"),
        ),
        other=_PAUSE.replace("wait_for(", "paused = wait_for(")
        + """for each in more:
    send("l07_readings", [each])
behind = lag("l07-plain")
connect.resume("l07-plain")""",
    ),
}
