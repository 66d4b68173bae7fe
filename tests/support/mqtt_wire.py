"""Speaking MQTT with a proxy over a bare socket, byte by byte."""

from __future__ import annotations

import socket
from uuid import uuid4

from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.proxy.core.packets import V5, Connect, Publish
from tests.support import publisher

SECONDS = allow(60.0)
RULE = '[[rule]]\nname = "any"\nmqtt = "t/{topic}/{key}"\ntopic = "{topic}"\nkey = "{key}"\npartitions = 2\n'


NO_KAFKA = "127.0.0.1:1"
"""Where no Kafka ever answers: publishes wait, as in an outage that began before the first of them."""


def lone_config(listeners: str, more: str = "", rule: str = RULE) -> str:
    """A configuration without Kafka."""
    return f'{more}\n[kafka]\nbootstrap = "{NO_KAFKA}"\n{listeners}\n{rule}'


def config(stack: Addresses, listeners: str, more: str = "", rule: str = RULE) -> str:
    return f'{more}\n[kafka]\nbootstrap = "{stack.kafka_bootstrap}"\n{listeners}\n{rule}'


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, f"closed after {data!r}"
        data += more
    return data


def packet(sock: socket.socket) -> bytes:
    """The next whole packet, which is short."""
    head = exactly(sock, 2)
    return head + exactly(sock, head[1])


def opened(port: int, connect: Connect) -> socket.socket:
    sock = dial(port)
    sock.sendall(publisher.connect(connect))
    answer = packet(sock)
    assert answer[0] == 0x20
    assert answer[3] == 0, answer
    return sock


def closed(sock: socket.socket, seconds: float = SECONDS) -> bool:
    """Whether the peer closes; what it says before does not matter."""
    sock.settimeout(seconds)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def name() -> str:
    return f"wire_{uuid4().hex[:10]}"


def answer_to(sock: socket.socket, publish: Publish) -> int:
    """The reason code of a 5.0 publish."""
    sock.sendall(publisher.publish(publish, V5))
    head = exactly(sock, 2)
    body = exactly(sock, head[1] if head[1] < 128 else head[1] - 128 + 128 * exactly(sock, 1)[0])
    return body[2] if len(body) > 2 else 0
