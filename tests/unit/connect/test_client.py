"""The client of Connect's REST interface, on recorded answers."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from lab.base.errors import LearnerError, ServiceError
from lab.connect.client import Connect
from lab.connect.models import ConnectorStatus, Offset, Plugin, Validation, first_cause

TRACE = """org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.
\tat org.apache.kafka.connect.runtime.WorkerSinkTask.deliverMessages(WorkerSinkTask.java:627)
Caused by: org.apache.kafka.connect.errors.ConnectException: outer
\t... 10 more
Caused by: io.hybridiot.connect.influxdb2.client.InfluxFailure: InfluxDB has no such bucket: x
\t... 12 more
Caused by: com.influxdb.exceptions.NotFoundException: bucket x not found
\t... 14 more
"""


def client(answer: Callable[[httpx.Request], httpx.Response], patience_s: float = 5) -> Connect:
    connect = Connect("http://connect:8083/", patience_s=patience_s)
    connect._http = httpx.Client(base_url=connect.url, transport=httpx.MockTransport(answer))
    return connect


def test_the_first_cause_is_the_innermost_of_ours_without_packages() -> None:
    assert first_cause(TRACE) == "InfluxFailure: InfluxDB has no such bucket: x"
    assert first_cause("a.B: x\nCaused by: c.D: y: z\n") == "D: y: z"
    assert first_cause("java.lang.NullPointerException\n\tat x") == "NullPointerException"
    assert first_cause("") == ""


def test_a_status_with_a_failed_task() -> None:
    task = {"id": 1, "state": "FAILED", "worker_id": "w", "trace": TRACE}
    answer = {"name": "s", "connector": {"state": "RUNNING"}, "tasks": [task, {**task, "id": 0, "state": "RUNNING"}]}
    status = ConnectorStatus.from_json(answer)
    assert [t.number for t in status.tasks] == [0, 1]
    assert status.failed
    assert not status.running
    assert "no such bucket" in status.cause


def test_a_connector_without_tasks_does_not_run_yet() -> None:
    status = ConnectorStatus.from_json({"name": "s", "connector": {"state": "RUNNING"}, "tasks": []})
    assert not status.running
    assert not status.failed
    assert status.cause == ""


def test_validation_names_property_and_message() -> None:
    values = [{"name": "a", "errors": []}, {"name": "influxdb.token", "errors": ["wrong"]}]
    validation = Validation.from_json({"configs": [{"value": value} for value in values]})
    assert not validation.ok
    assert str(validation) == "influxdb.token: wrong"
    with pytest.raises(LearnerError, match=r"influxdb\.token: wrong"):
        validation.require()
    assert str(Validation(())) == "Every property is in order."
    Validation(()).require()


def test_validate_asks_the_plugin_by_its_simple_name() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"configs": []})

    assert client(answer).validate({"connector.class": "io.x.InfluxDB2Sink"}).ok
    assert asked == ["/connector-plugins/InfluxDB2Sink/config/validate"]
    with pytest.raises(LearnerError, match=r"connector\.class"):
        client(answer).validate({})


def test_a_rebalance_is_waited_out() -> None:
    answers = [
        httpx.Response(
            409, json={"message": "Cannot complete request momentarily due to stale configuration (rebalance)"}
        ),
        httpx.Response(200, json=["b", "a"]),
    ]
    assert client(lambda _: answers.pop(0)).connectors() == ["a", "b"]


def test_an_endless_rebalance_says_so() -> None:
    busy = client(lambda _: httpx.Response(409, json={"message": "rebalance in progress"}), patience_s=0.2)
    with pytest.raises(ServiceError, match=r"still cannot answer after \d+ s: rebalance in progress"):
        busy.connectors()


def test_the_first_status_of_a_new_connector_is_waited_for() -> None:
    unknown = httpx.Response(404, json={"message": "No status found for connector s"})
    known = httpx.Response(200, json={"name": "s", "connector": {"state": "RUNNING"}, "tasks": []})
    statuses = [unknown, unknown, known]
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return statuses.pop(0) if request.url.path.endswith("/status") else httpx.Response(200, json={})

    assert client(answer).status("s").state == "RUNNING"
    assert paths.count("/connectors/s/status") == 3


def test_a_connector_that_does_not_exist_is_said_at_once() -> None:
    nobody = client(lambda _: httpx.Response(404, json={"message": "No status found for connector s"}))
    with pytest.raises(LearnerError, match="No status found"):
        nobody.status("s")


def test_refusals_by_blame() -> None:
    wrong = client(lambda _: httpx.Response(400, json={"message": "Connector configuration is invalid"}))
    with pytest.raises(LearnerError, match="configuration is invalid"):
        wrong.create_or_update("s", {})
    with pytest.raises(LearnerError, match="has no /connectors/s"):
        client(lambda _: httpx.Response(404, json={"message": "Connector s not found"})).status("s")
    with pytest.raises(ServiceError, match="answered 500"):
        client(lambda _: httpx.Response(500, text="oops")).connectors()


def test_a_worker_that_does_not_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ServiceError, match="does not answer at http://connect:8083"):
        client(answer).connectors()


def test_deleting_what_is_not_there_is_no_error() -> None:
    client(lambda _: httpx.Response(404, json={"message": "not found"})).delete("s")


def test_offsets_go_there_and_back() -> None:
    sent: list[bytes] = []
    entry = {"partition": {"bucket": "b"}, "offset": {"time": "2026-01-01T00:00:00Z", "seen": ""}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"offsets": [entry]})
        sent.append(request.content)
        return httpx.Response(200, json={"message": "done"})

    connect = client(answer)
    [offset] = connect.offsets("s")
    assert offset == Offset(entry["partition"], entry["offset"])
    connect.alter_offsets("s", [offset, Offset({"bucket": "c"}, None)])
    assert b'{"partition":{"bucket":"c"},"offset":null}' in sent[0].replace(b" ", b"")


def test_life_cycle_paths() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.raw_path.decode()))
        return httpx.Response(202)

    connect = client(answer)
    connect.pause("a b")
    connect.resume("a")
    connect.stop("a")
    connect.restart("a", only_failed=True)
    connect.reset_offsets("a")
    assert asked == [
        ("PUT", "/connectors/a%20b/pause"),
        ("PUT", "/connectors/a/resume"),
        ("PUT", "/connectors/a/stop"),
        ("POST", "/connectors/a/restart?includeTasks=true&onlyFailed=true"),
        ("DELETE", "/connectors/a/offsets"),
    ]


def test_plugins() -> None:
    found = [{"class": "io.x.InfluxDB2Sink", "type": "sink", "version": "0.1.0"}]
    assert client(lambda _: httpx.Response(200, json=found)).plugins() == [Plugin("InfluxDB2Sink", "sink", "0.1.0")]
