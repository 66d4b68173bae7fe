"""Answers to lesson 02 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

START = "client.connect(where.mqtt_host, where.mqtt_port)\nclient.loop_start()\n"
STOP = "client.disconnect()\nclient.loop_stop()\n"


def _first(topic: str, payload: str, qos: int = 1) -> str:
    publish = f'client.publish("{topic}", {payload}, qos={qos}).wait_for_publish(timeout=3)\n'
    return START + publish + "time.sleep(0.3)\n" + STOP


def _twenty(arguments: str, count: str = "20", seq: str = "seq") -> str:
    reading = f'reading("l02-outage", {seq})'
    return (
        "with outage():\n"
        f'    sent = [client.publish("emergency_generators/l02-outage", {reading}{arguments}) for seq in range({count})]\n'
    )


WAIT = "for message in sent:\n    message.wait_for_publish(timeout=10)\n"


def _will(will: str, connect: str = "keepalive=2", say: str = '"online"', late: str = "") -> str:
    return (
        f"    {will or 'pass'}\n"
        f'    lost.connect("127.0.0.1", port, {connect})\n'
        f"    {late or 'pass'}\n"
        "    lost.loop_start()\n"
        f'    lost.publish("emergency_generators/l02-will/status", {say}, qos=1).wait_for_publish(timeout=10)\n'
    )


WILL = 'lost.will_set("emergency_generators/l02-will/status", "offline", qos=1)'
PHOTO = 'client = device("camera1")\nclient.publish({}, {}, qos=1).wait_for_publish(timeout=3)\n' + STOP

ATTEMPTS = {
    "l02.publish": Attempts(
        wrong=(
            Wrong(
                "never connects",
                'client.publish("emergency_generators/l02-first", reading("l02-first"), qos=1)',
                "no client",
            ),
            Wrong("connects only", START + "time.sleep(0.3)\n" + STOP, says="no reading of l02-first followed"),
            Wrong("no such topic", _first("generators/l02-first", 'reading("l02-first")'), says="generators/l02-first, which belongs"),
            Wrong(
                "status topic", _first("emergency_generators/l02-first/status", 'reading("l02-first")'), says="status"
            ),
            Wrong(
                "other generator", _first("emergency_generators/l02-frist", 'reading("l02-first")'), says="l02-frist"
            ),
            Wrong(
                "QoS 0",
                _first("emergency_generators/l02-first", 'reading("l02-first")', 0),
                says="not published at QoS 1",
            ),
            Wrong("plain text", _first("emergency_generators/l02-first", '"71.5"'), says="not a whole reading"),
        ),
        other="""import paho.mqtt.publish as publish
publish.single("emergency_generators/l02-first", reading("l02-first"), qos=1,
               hostname=where.mqtt_host, port=where.mqtt_port, client_id="l02-first")
""",
    ),
    "l02.packets": Attempts(
        wrong=(
            Wrong("only publishes", "packets = {0: 1, 1: 1, 2: 1}", says="for QoS 1"),
            Wrong("QoS 2 as two QoS 1", "packets = {0: 1, 1: 2, 2: 3}", says="for QoS 2"),
            Wrong("QoS 0 is answered", "packets = {0: 2, 1: 2, 2: 4}", says="for QoS 0"),
            Wrong("a list", "packets = [1, 2, 4]", says="dictionary"),
        ),
        other="packets = dict(enumerate((1, 2, 4)))",
    ),
    "l02.outage": Attempts(
        wrong=(
            Wrong("QoS 0", _twenty("") + WAIT, says="none of the readings"),
            Wrong("one number for all", _twenty(", qos=1", seq="7") + WAIT, says="all with seq 7"),
            Wrong("one too few", _twenty(", qos=1", count="19") + WAIT, says="19 of the 20"),
            Wrong(
                "after the outage",
                _twenty(", qos=1").replace("    sent", "    pass\ntime.sleep(3)\nsent") + WAIT,
                says="network was back",
            ),
        ),
        other="with outage():\n    sent = []\n    for seq in range(20):\n        sent.append(client.publish("
        '"emergency_generators/l02-outage", reading("l02-outage", seq), qos=2))\n' + WAIT,
    ),
    "l02.keepalive": Attempts(
        wrong=(
            Wrong("the limit itself", "seconds = 60", says="after 90 seconds"),
            Wrong("on the safe side", "seconds = 30", says="the largest"),
            Wrong("switched off", "seconds = 0", says="switches keep-alive off"),
        ),
        other="seconds = int(60 / 1.5)",
    ),
    "l02.will": Attempts(
        wrong=(
            Wrong("long keep-alive", _will(WILL, "keepalive=60"), says="still waited for it"),
            Wrong(
                "will after connect",
                _will("", late=f"try:\n        {WILL}\n    except Exception:\n        pass"),
                says="has no will",
            ),
            Wrong(
                "will among the readings",
                _will('lost.will_set("emergency_generators/l02-will", "offline", qos=1)'),
                says="among the readings",
            ),
            Wrong("never online", _will(WILL, say='"hello"'), says="said only"),
        ),
        other=_will(
            'lost.will_set(topic="emergency_generators/l02-will/status", payload=b"offline", qos=2, retain=True)'
        ),
        undo="lost.disconnect(); lost.loop_stop()",
    ),
    "l02.shape": Attempts(
        wrong=(
            Wrong("key first", PHOTO.format('f"lab/camera1/{name}"', "photo"), says="lab_camera1"),
            Wrong("as text", PHOTO.format('f"lab/{name}/camera1"', "str(photo)"), says="not the photo's"),
            Wrong("other key", PHOTO.format('f"lab/{name}/photo"', "photo"), says="key photo"),
            Wrong("a level too few", PHOTO.format('f"lab/{name}"', "photo"), says="a level of the MQTT topic is missing"),
        ),
        other="""import paho.mqtt.publish as publish
publish.single(f"lab/{name}/camera1", bytearray(photo), qos=2, hostname=where.mqtt_host, port=where.mqtt_port)
""",
    ),
}
