"""The plain broker acknowledges, keeps nothing without retain, and the newest message with it."""

import threading

import paho.mqtt.client as mqtt
import pytest

from lab.base.pace import allow
from lab.learn.plain_broker import PlainBroker


def connected(broker, name):
    client, ready = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name), threading.Event()
    client.on_connect = lambda *arguments: ready.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert ready.wait(allow(10))
    return client


@pytest.mark.parametrize(("retain", "kept"), [(False, []), (True, [b"2"])])
def test_what_a_latecomer_hears(retain, kept):
    with PlainBroker() as broker:
        early = connected(broker, "early")
        sent = [early.publish("a/b", str(number), qos=1, retain=retain) for number in range(3)]
        for message in sent:
            message.wait_for_publish(allow(10))
        heard, granted, marked = [], threading.Event(), threading.Event()
        late = connected(broker, "late")
        late.on_subscribe = lambda *arguments: granted.set()
        late.on_message = lambda client, data, message: (
            marked.set() if message.topic == "a/end" else heard.append(message.payload)
        )
        late.subscribe("a/#", qos=1)
        assert granted.wait(allow(10))
        early.publish("a/end", "", qos=1)
        assert marked.wait(allow(10))
        for client in (early, late):
            client.disconnect()
            client.loop_stop()
    assert heard == kept


def test_stopping_twice_is_fine():
    broker = PlainBroker().start()
    broker.stop()
    broker.stop()
