"""Answers to lesson 10 that the checks are tried on."""

from lab.authoring.attempts import Attempts, Wrong


def _source(more: str) -> str:
    return f'connect.create_or_update("l10-source", SOURCE | {{{more}}})'


ATTEMPTS = {
    "l10.source": Attempts(
        wrong=(
            Wrong(
                "no key",
                _source('"influxdb.bucket": "l10_rows", "topic.name.format": "l10_alarms"'),
                says="without a key",
            ),
            Wrong(
                "another topic",
                _source('"influxdb.bucket": "l10_rows", "topic.name.format": "l10_orders", "key.tag": "generatorID"'),
                says="writes to another topic",
            ),
            Wrong(
                "the region as key",
                _source('"influxdb.bucket": "l10_rows", "topic.name.format": "l10_alarms", "key.tag": "region"'),
                says="another column",
            ),
        ),
        other=_source(
            '"topic.mapper": "bucket", "influxdb.bucket": "l10_rows", "topic.name.format": "l10_alarms",'
            ' "key.tag": "generatorID", "mode": "timestamp"'
        ),
    ),
    "l10.late": Attempts(
        wrong=(
            Wrong("both", "arrive = 2", says="look back so far"),
            Wrong("none", "arrive = 0", says="not fatal"),
        ),
        other="arrive = sum(seconds * 1000 < int(SOURCE['lookback.ms']) for seconds in (30, 600))",
    ),
    "l10.orders": Attempts(
        wrong=(
            Wrong(
                "no memory",
                'for alarm in read():\n    if alarm["alarm"] == "refuel":\n        send("l10_orders", alarm)',
                says="some came twice",
            ),
            Wrong(
                "by generator alone",
                """handled = set()
for alarm in read():
    if alarm["alarm"] == "refuel" and alarm["generatorID"] not in handled:
        handled.add(alarm["generatorID"])
        send("l10_orders", alarm)""",
                says="asked at two times",
            ),
            Wrong(
                "fuel for everyone",
                """handled = set()
for alarm in read():
    request = (alarm["generatorID"], alarm["time"])
    if request not in handled:
        handled.add(request)
        send("l10_orders", alarm)""",
                says="alarms that say ok",
            ),
        ),
        other="""requests = {(alarm["generatorID"], alarm["time"]): alarm for alarm in read() if alarm["alarm"] != "ok"}
for alarm in requests.values():
    send("l10_orders", alarm)""",
    ),
    "l10.loop": Attempts(
        wrong=(
            Wrong(
                "two trucks",
                """def handle(alarm, fleet):
    if alarm["alarm"] == "refuel":
        fleet.refuel(alarm["generatorID"])
        send("l10_trucks", alarm)""",
                says="trucks for one alarm",
            ),
            Wrong(
                "only an order",
                """def handle(alarm, fleet):
    if alarm["alarm"] == "refuel" and alarm["time"] > fleet.last_refuel_us(alarm["generatorID"]):
        send("l10_trucks", alarm)""",
                says="never reported more than",
            ),
            Wrong(
                "only fuel",
                """def handle(alarm, fleet):
    if alarm["alarm"] == "refuel" and alarm["time"] > fleet.last_refuel_us(alarm["generatorID"]):
        fleet.refuel(alarm["generatorID"])""",
                says="no record of it",
            ),
        ),
        other="""served = {}
def handle(alarm, fleet):
    name = alarm["generatorID"]
    if alarm["alarm"] == "ok" or alarm["time"] <= served.get(name, 0):
        return
    fleet.refuel(name, 600.0)
    served[name] = time.time_ns() // 1000
    send("l10_trucks", alarm)""",
    ),
}
