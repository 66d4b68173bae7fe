"""Does it answer? One real request per service, never a log line and never a mere open port.

A probe returns what the service said when it works and raises Unanswered with the reason when it does not.
Times are seconds.
"""

from __future__ import annotations

import logging
import secrets
import socket
from urllib.parse import urlsplit

import httpx
import psutil

from lab.base.addresses import Addresses
from lab.base.errors import LabError
from lab.base.pace import allow, allow_ms

PATIENCE = 3.0
"""How long a service that works may take to answer on the reference machine."""
CONNECT_HEAD = bytes.fromhex("10 14 00 04 4d 51 54 54 04 02 00 0a 00 08")
"""MQTT 3.1.1 CONNECT, section 3.1: clean session, keep-alive 10 s; eight bytes of client id follow."""
PINGREQ, PINGRESP, CONNACK = b"\xc0\x00", b"\xd0\x00", 0x20


class Unanswered(Exception):  # noqa: N818 - it is an answer's absence and no error of ours
    """The service did not answer as one that works."""


def kafka(bootstrap: str, settings: dict[str, str], cluster: str | None = None) -> set[int]:
    """Ids of the brokers that the cluster knows, asked of `bootstrap` alone; `cluster` is the id it must have."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    silent = logging.getLogger("lab.stack.librdkafka")
    silent.setLevel(logging.CRITICAL)
    config: dict[str, str | int | float | bool] = {
        **settings,
        "bootstrap.servers": bootstrap,
        "socket.timeout.ms": allow_ms(PATIENCE),
    }
    client = AdminClient(config, logger=silent)
    try:
        answer = client.describe_cluster(request_timeout=allow(PATIENCE)).result(allow(PATIENCE) + 1)
    except (KafkaException, TimeoutError) as error:
        raise Unanswered(_short(error)) from error
    _require_cluster(answer.cluster_id, cluster)
    return {node.id for node in answer.nodes}


def _require_cluster(found: str | None, wanted: str | None) -> None:
    if wanted is not None and found != wanted:
        raise Unanswered(f"Kafka cluster {found} answers, which is another stack's; ours is {wanted}")


def quorum_leader(addresses: Addresses) -> int:
    """Node id of the KRaft leader (DescribeQuorum, KIP-836)."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    arguments = {**addresses.kafka_python(), "request_timeout_ms": allow_ms(PATIENCE)}
    try:
        client = KafkaAdminClient(**arguments, bootstrap_timeout_ms=allow_ms(PATIENCE))
        try:
            quorum = client.describe_metadata_quorum()
        finally:
            client.close()
        return int(quorum["topics"][0]["partitions"][0]["leader_id"])
    except (KafkaError, OSError, LookupError) as error:
        raise Unanswered(_short(error)) from error


def connect(url: str, cluster: str | None = None) -> str:
    """The worker's version, once it is a member of its group and has read its own topics (KIP-1017).

    `cluster` is the id of the Kafka cluster that it must use.
    """
    health = _get(f"{url}/health")
    if health.status_code != httpx.codes.OK:
        raise Unanswered(_reason(health))
    about = _get(f"{url}/").json()
    _require_cluster(about.get("kafka_cluster_id"), cluster)
    return str(about["version"])


def influx(addresses: Addresses) -> str:
    """InfluxDB's version, after its health and an authenticated query."""
    health = _get(f"{addresses.influx_url}/health")
    if health.status_code != httpx.codes.OK:
        raise Unanswered(_reason(health))
    query(addresses)
    return str(health.json().get("version", ""))


def query(addresses: Addresses) -> None:
    """Run a query that needs the token. Raises Unanswered when it is refused."""
    try:
        token = addresses.influx_token
    except LabError as error:
        raise Unanswered(error.cause) from error
    answer = _request(
        "POST",
        f"{addresses.influx_url}/api/v2/query",
        params={"org": addresses.influx_org},
        headers={"Authorization": f"Token {token}", "Content-Type": "application/vnd.flux"},
        content="buckets() |> limit(n: 1)",
    )
    if answer.status_code != httpx.codes.OK:
        raise Unanswered(f"an authenticated query is refused: {_reason(answer)}")


def proxy(addresses: Addresses) -> str:
    """The proxy's own health, then an MQTT CONNECT and PINGREQ."""
    if addresses.proxy_url:
        health = _get(f"{addresses.proxy_url}/health")
        if health.status_code != httpx.codes.OK:
            raise Unanswered(_reason(health))
    return mqtt(addresses.mqtt_host, addresses.mqtt_port)


def mqtt(host: str, port: int) -> str:
    """Speak MQTT 3.1.1 to a server: CONNACK, and PINGRESP when it let us in."""
    try:
        with socket.create_connection((host, port), allow(PATIENCE)) as peer:
            peer.sendall(CONNECT_HEAD + secrets.token_hex(4).encode())
            answer = _exactly(peer, 4)
            if answer[0] != CONNACK:
                raise Unanswered("no CONNACK")
            if answer[3]:
                return f"MQTT 3.1.1, log-in wanted (return code {answer[3]})"
            peer.sendall(PINGREQ)
            if _exactly(peer, 2) != PINGRESP:
                raise Unanswered("no PINGRESP")
    except OSError as error:
        raise Unanswered(_short(error)) from error
    return "MQTT 3.1.1"


def stranger(pid: int, port: int) -> str | None:
    """Why process `pid` is not the one that answers at a port of loopback; None when it is, or when nobody can tell.

    A service that was found listening keeps listening as long as it lives, so each is looked up once.
    """
    try:
        process = psutil.Process(pid)
        if (pid, process.create_time(), port) in _listening:
            return None
        if _listens(process, port) or any(_listens(child, port) for child in process.children(recursive=True)):
            _listening.add((pid, process.create_time(), port))
            return None
    except psutil.AccessDenied:
        return None
    except psutil.NoSuchProcess:
        return "it has just ended"
    return f"another program answers at 127.0.0.1:{port}" if _is_open(port) else "it does not listen yet"


_listening: set[tuple[int, float, int]] = set()
"""Process, its start and the port it listens at."""


def _listens(process: psutil.Process, port: int) -> bool:
    return any(
        found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in process.net_connections(kind="tcp")
    )


def _is_open(port: int) -> bool:
    with socket.socket() as peer:
        peer.settimeout(allow(PATIENCE))
        return peer.connect_ex(("127.0.0.1", port)) == 0


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise Unanswered("the connection was closed")
        data += more
    return data


def _get(url: str) -> httpx.Response:
    return _request("GET", url)


def _request(method: str, url: str, **arguments: object) -> httpx.Response:
    """Without the proxy variables for this machine's own addresses: services answer directly."""
    local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    try:
        with httpx.Client(timeout=allow(PATIENCE), trust_env=not local) as client:
            return client.request(method, url, **arguments)  # type: ignore[arg-type]
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError) as error:  # the last two: odd proxy variables
        raise Unanswered(_short(error)) from error


def _reason(answer: httpx.Response) -> str:
    text = " ".join(answer.text.split())[:160]
    return f"HTTP {answer.status_code} {text}".strip()


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160]
