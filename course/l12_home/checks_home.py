"""Checks of the fault, the ledger and the files."""

import json
import shlex
from pathlib import Path

from lab.base.errors import LabError
from lab.checks import Attempt, NotYet, judge, require
from lab.checks.device_probe import DeviceProbe, described, pairs, proxy_starts, span
from lab.fleet.description import Description, strict

EVERY_US = 10_000_000
STORED = ("kafka", "connect", "influxd")


@judge(
    "l12.break",
    title="Kill the proxy",
    goal="A run of `chosen.live(8)` in which the proxy was killed and started again: every message was acknowledged and is in Kafka.",
    hints=(
        "One loop over chosen.live(8), with enumerate for the number; the kill is an if in it.",
        "client.on_publish = lambda client, data, mid, reason, properties: taken.add(mid), then connect and loop_start.",
        "if number == 20: proxy.kill(); proxy.wait(); proxy = start_proxy(rules), each on a line of its own, and then the publish.",
    ),
    services=("kafka",),
    deadline=60.0,
)
def break_it(attempt: Attempt, declared: object, sent: object, acknowledged: object) -> str:
    about, probe = described(attempt, declared)
    wanted, yes = _keys(about, sent, "sent"), _keys(about, acknowledged, "acknowledged")
    require(
        len(wanted) > 20 and max(at for _, at in wanted) - min(at for _, at in wanted) > 6e6,
        seen=f"{len(wanted)} different readings were handed over",
        wanted="those of eight seconds, more than 20 of them",
        likely_cause="the loop ended early, or published keeps only the last message",
        next_step="the message id, .mid, is the key of published.",
    )
    began = attempt.began * 1e6 - 1e6
    require(
        min(at for _, at in wanted) >= began,
        seen="readings from before you ran the cell",
        wanted="a run that is live",
        likely_cause="the recorded minute was sent, and not chosen.live(8)",
        next_step="loop over chosen.live(8).",
    )
    times = sorted(at for _, at in wanted)
    require(
        proxy_starts(),
        seen="no proxy of yours is running",
        wanted="a proxy that was killed in the middle of the run, and started again",
        likely_cause="it was killed and not started again, or did not start",
        next_step="proxy = start_proxy(rules) right after the kill.",
    )
    restarted = [at for at in proxy_starts() if at > began]
    require(
        restarted,
        seen="the proxy that runs is the one that ran before",
        wanted="a proxy that was killed in the middle of the run, and started again",
        likely_cause="it was not killed",
        next_step="kill it in the loop, and keep what start_proxy returns in proxy.",
    )
    require(
        times[0] + 1e6 < max(restarted) < times[-1],
        seen="the proxy was started before the first reading or after the last",
        wanted="a kill in the middle of the run",
        likely_cause="it was killed outside the loop",
        next_step="count the messages in the loop.",
    )
    require(
        yes == wanted,
        seen=f"{len(wanted - yes)} of {len(wanted)} readings were never acknowledged",
        wanted="each of them, sent again after the client had connected again",
        likely_cause="QoS 0 asks for no acknowledgement, on_publish was not set, or the proxy is not back",
        next_step="look at qos, and at what on_publish collects.",
    )
    found = attempt.wait(
        lambda: yes - probe.in_kafka().keys(), lambda lost: not lost, 8, "Waiting for the readings in Kafka"
    )
    require(
        not found,
        seen=f"{len(found)} acknowledged readings are not in {about.named('readings')}",
        wanted="every acknowledged reading",
        likely_cause="the topic was made again in between",
        next_step="run the cell again.",
    )
    return "The proxy was killed and came back: every reading was acknowledged in the end, and each is in Kafka."


def _keys(about: Description, messages: object, what: str) -> set:
    """The different readings among the learner's messages."""
    found = ((about.device_of(topic), payload) for topic, payload in pairs(messages, what))
    readings = [about.reading(device, payload) for device, payload in found if device]
    return {reading.key for reading in readings if reading}


@judge(
    "l12.ledger",
    title="The ledger",
    goal="`ledger` has, for the run in which the proxy was killed, six counts of different readings: sent, acknowledged, in Kafka, raw, rows and alarms.",
    hints=(
        "set() makes different readings of a list; the counts of a bucket come from one Flux query each.",
        "In Flux: range(start: {began}), filter to one field that every reading has, group(), count().",
        "For kafka: the set of (device as bytes, payload) of the acknowledged ones, and with & the set of (record.key, record.value).",
    ),
    services=STORED,
    deadline=90.0,
)
def ledger(attempt: Attempt, declared: object, sent: object, acknowledged: object, counted: object) -> str:
    about, probe = described(attempt, declared)
    entries = ("sent", "acknowledged", "kafka", "raw", "rows", "alarms")
    require(
        isinstance(counted, dict) and set(counted) == set(entries),
        seen=f"ledger is {counted!r}",
        wanted=f"a dictionary with the entries {', '.join(entries)}",
        next_step="fill in the dictionary of the cell.",
    )
    empty = [name for name in entries if isinstance(counted[name], bool) or not isinstance(counted[name], int)]
    require(
        not empty,
        seen=f"{', '.join(empty)} of the ledger: no whole number",
        wanted="six counts",
        likely_cause="a list or nothing where its length belongs",
        next_step="count, and put the number in.",
    )
    handed, yes = _keys(about, sent, "sent"), _keys(about, acknowledged, "acknowledged")
    require(
        handed,
        seen="no reading was sent in the last exercise",
        wanted="the run in which the proxy was killed",
        likely_cause="its cell has not run",
        next_step="run it first.",
    )
    real = _counts(attempt, probe, handed, yes)
    slips = {
        "sent": "a reading that came twice is one reading",
        "acknowledged": "a reading that came twice is one reading",
        "kafka": "copies were counted, or other messages than those of the run",
        "raw": "a field that is missing in some readings was counted, or more than one field, or more than this run",
        "rows": "more than one field was counted, or the last slot had not closed when you counted",
        "alarms": "records of earlier runs were counted, or the last slot had not come through when you counted",
    }
    for name in entries:
        require(
            counted[name] == real[name],
            seen=f"{name} is {counted[name]} in your ledger",
            wanted="what this check counts: different readings of this run at that hop",
            likely_cause=slips[name],
            next_step=f"look at what you count for {name}, and count again.",
        )
    require(
        real["acknowledged"] == real["kafka"] == real["raw"],
        seen=f"{real['acknowledged']} acknowledged, {real['kafka']} in Kafka, {real['raw']} in the raw bucket",
        wanted="a run in which nothing acknowledged is missing",
        likely_cause="the sink does not run, or was made again during the run",
        next_step="look at the first hop where it is missing.",
    )
    return "Your ledger is right, and nothing that was acknowledged is missing in Kafka or in the raw bucket."


def _counts(attempt: Attempt, probe: DeviceProbe, handed: set, yes: set) -> dict[str, int]:
    """The true ledger, once the newest slot has come through or time is over."""
    start, stop = min(at for _, at in handed), max(at for _, at in handed) + 1
    window = span(start, stop)

    def look() -> tuple[set, set, dict, dict]:
        raw = probe.points("raw", window)
        rows = {key for key, values in probe.points("rows", window).items() if "alarm" in values}
        expected = probe.expected_rows(raw, EVERY_US, start, stop)
        alarms = probe.alarm_times(probe.records("alarms", since_attempt=False))
        return set(raw), rows, expected, {key: said for key, said in alarms.items() if start <= key[1] < stop}

    raw, rows, _, alarms = attempt.wait(
        look,
        lambda seen: yes <= seen[0] and seen[2].keys() <= seen[1] == seen[3].keys(),
        25,
        "Waiting for the last slot",
    )
    counts = {"sent": len(handed), "acknowledged": len(yes), "kafka": len(yes & probe.in_kafka().keys())}
    return counts | {"raw": len(raw), "rows": len(rows), "alarms": len(alarms)}


# Exercise 10: the files


@judge(
    "l12.files",
    title="Five files",
    goal="Your folder has `proxy.toml`, `topics.sh`, `sink.json`, `source.json` and `task.flux`: each says what runs here, and none holds a secret.",
    hints=(
        "Everything is in variables of this notebook already: head, rules, sink, source, flux.",
        'sink | {"influxdb.token": "${file:...:token}"} is a copy with a reference in place of the token; json.dumps makes text of it.',
        'files["topics.sh"] is one line that begins with kafka-topics.sh --create and has --topic, --partitions, --replication-factor and --config min.insync.replicas=2.',
    ),
    services=STORED,
    deadline=60.0,
)
def files(attempt: Attempt, declared: object, sample: object, folder: object) -> str:
    about, _ = described(attempt, declared)
    require(
        isinstance(folder, str | Path) and Path(folder).is_dir(),
        seen=f"there is no folder {folder}",
        wanted="a folder with the five files",
        likely_cause="no file was written, or the path is another one",
        next_step='put the texts into files; keys are file names, such as files["task.flux"].',
    )
    texts = {
        name: _text(Path(folder) / name)
        for name in ("proxy.toml", "topics.sh", "sink.json", "source.json", "task.flux")
    }
    leaking = [name for name, text in texts.items() if attempt.where.influx_token in text]
    require(
        not leaking,
        seen=f"{', '.join(leaking)}: InfluxDB's token is in it, in clear",
        wanted="files that can be shared",
        likely_cause="the configuration was written as it runs",
        next_step="put a reference in its place.",
    )
    _proxy_file(about, Path(folder) / "proxy.toml", pairs(sample, "sample"))
    _topics_file(attempt, about, texts["topics.sh"])
    for what in ("sink", "source"):
        _connector_file(attempt, about, what, texts[f"{what}.json"])
    running = attempt.influx.task(about.named("rows"))
    require(
        running and running.flux.strip() == texts["task.flux"].strip(),
        seen="task.flux is not the task that runs here",
        wanted="the script of the running task, from its option line to its end",
        likely_cause="another text, or the task was changed since",
        next_step="write the variable that you gave to create_task.",
    )
    return "Five files that say what runs here, and no secret in them."


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotYet(
            f"{path.name} is not in the folder",
            "all five files",
            "it has no entry in files, or another name",
            "compare the names with the table.",
        ) from error


def _proxy_file(about: Description, path: Path, sample: list) -> None:
    from lab.proxy.config import load
    from lab.proxy.core.rules import Identity, Route, Router

    try:
        router = Router(load(path).rule)
    except LabError as error:
        raise NotYet(
            f"the proxy does not take proxy.toml: {error.cause.partition('proxy.toml')[2].strip(' :') or error.cause}",
            "a file that the proxy starts with",
            "the head or the rules are missing",
            "the file is head + rules.",
        ) from error
    for topic, _ in sample:
        route, device = router.route(topic, Identity("l12")), about.device_of(topic)
        goal = about.named("readings" if device else "rest")
        require(
            isinstance(route, Route)
            and route.target.topic == goal
            and (device is None or route.key == device.encode()),
            seen=f"by proxy.toml a message to {topic} does not go to {goal} under the right key",
            wanted="the rules of exercise 3",
            likely_cause="another text than the one that runs",
            next_step="the file is head + rules.",
        )


def _topics_file(attempt: Attempt, about: Description, text: str) -> None:
    name = about.named("readings")
    words = next((line for line in map(_words, text.splitlines()) if "--create" in line and name in line), [])
    there = attempt.kafka.topic(name)
    wanted = {
        "--topic": name,
        "--partitions": str(len(there)),
        "--replication-factor": str(len(there[0].replicas)) if there else "3",
        "--config": f"min.insync.replicas={attempt.kafka.setting(name, 'min.insync.replicas')}" if there else "",
    }
    given = dict(zip(words, words[1:], strict=False)) | dict(
        word.split("=", 1) for word in words if word.startswith("--") and "=" in word
    )
    wrong = [option for option, value in wanted.items() if given.get(option) != value]
    require(
        not wrong,
        seen=f"topics.sh lacks {wrong[0]}, or gives it another value than the topic here has" if wrong else "",
        wanted=f"one line that creates {name} as it is here",
        likely_cause="an option is missing or misspelt",
        next_step="compare the line with the table above, option by option.",
    )


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _connector_file(attempt: Attempt, about: Description, what: str, text: str) -> None:
    from lab.connect.client import Connect

    config, running = strict(text.encode()), attempt.connect.connectors().get(about.named(what))
    require(
        config,
        seen=f"{what}.json is no JSON object",
        wanted="the configuration as JSON",
        likely_cause="str() or print() of a dictionary is Python and not JSON",
        next_step="json.dumps(config, indent=2).",
    )
    require(
        running,
        seen=f"the connector {about.named(what)} does not run here",
        wanted="files of what runs",
        likely_cause="it was removed",
        next_step="run its cell again.",
    )
    aside = {"influxdb.token", "name"}
    differing = sorted(
        name for name in (config.keys() | running.config.keys()) - aside if config.get(name) != running.config.get(name)
    )
    require(
        not differing,
        seen=f"{what}.json differs from the connector that runs here in {', '.join(differing)}",
        wanted="the configuration that you have seen work",
        likely_cause="another dictionary was written, or something was left out",
        next_step=f"write {what} with nothing but the token replaced.",
    )
    token = config.get("influxdb.token")
    require(
        isinstance(token, str) and token.startswith("${") and token.endswith("}") and ":" in token,
        seen=f"the token in {what}.json is {json.dumps(token)}",
        wanted="a reference that Connect resolves",
        likely_cause="without one nobody can start it",
        next_step="write ${file:PATH:KEY}.",
    )
    with Connect(attempt.where.connect_url) as connect:
        problems = connect.validate(config | {"influxdb.token": attempt.where.influx_token}).problems
    require(
        not problems,
        seen=f"Connect complains about {what}.json: {problems[0] if problems else ''}",
        wanted="a configuration that Connect takes",
        next_step="correct the property that it names.",
    )
