"""The pace: measured, kept, bounded, overridden, read again, and multiplied into every kind of deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.base import addresses, pace
from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import LEAST, MOST, Stopwatch, allow, allow_ms, bounded
from lab.base.settings import settings
from lab.checks import baseline
from lab.checks.attempt import Attempt
from lab.checks.baseline import Baseline
from lab.connect import client as http_of_connect
from lab.connect.client import Connect
from lab.influx.api import Influx
from lab.kafka import client as kafka_client
from lab.stack import answers, native, ready
from lab.stack.layout import Layout
from lab.stack.service import Service
from lab.stack.supervisor import configuration
from lab.widgets.sources import http, kafka
from tests.support.waiting import until

WHERE = Addresses(
    backend="native",
    mqtt_host="127.0.0.1",
    mqtt_port=1,
    proxy_url="http://127.0.0.1:1",
    kafka_bootstrap="127.0.0.1:1",
    connect_url="http://127.0.0.1:1",
    influx_url="http://127.0.0.1:1",
    influx_org="workshop",
    influx_token_file=Path("/nonexistent"),
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of this test's own; the run's LAB_PACE is set aside."""
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    monkeypatch.delenv("LAB_PACE", raising=False)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def keep(state: Path, factor: object) -> None:
    (state / "stack.json").write_text(json.dumps({"pace": factor}))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of pace 4."""
    monkeypatch.setenv("LAB_PACE", "4")
    settings.cache_clear()


class Clock:
    """Time that moves only by sleeping; `seconds` is how much has passed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.seconds, sleep=self.sleep))

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_without_a_stack_the_pace_is_one() -> None:
    assert (pace.pace(), allow(5.0), allow_ms(0.5)) == (1.0, 5.0, 500)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"pace": "quick"}', '{"pace": null}', '{"pace": NaN}', "{}"]
)
def test_an_unreadable_file_gives_one(state: Path, text: str) -> None:
    (state / "stack.json").write_text(text)
    assert pace.pace() == 1.0


def test_a_stack_json_that_is_a_folder_gives_one(state: Path) -> None:
    (state / "stack.json").mkdir()
    assert pace.pace() == 1.0


@pytest.mark.parametrize(("factor", "wanted"), [(0.2, LEAST), (1.0, 1.0), (2.34, 2.3), (8.0, MOST), (50, MOST)])
def test_the_pace_stays_within_its_bounds(state: Path, factor: float, wanted: float) -> None:
    keep(state, factor)
    assert pace.pace() == bounded(factor) == wanted


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(state, 2)
    assert allow(10) == 20
    addresses.save(WHERE.model_copy(update={"pace": 3.0}), state)
    assert allow(10) == 30
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read again without need"))
    assert allow(10) == 30


def test_another_state_folder_has_a_pace_of_its_own(
    state: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(state, 2)
    assert pace.pace() == 2
    monkeypatch.setenv("LAB_STATE", str(tmp_path_factory.mktemp("other")))
    settings.cache_clear()
    assert pace.pace() == 1


def test_lab_pace_overrides_file_and_measure(state: Path, slow: None) -> None:
    keep(state, 2)
    watch = Stopwatch()
    watch.factors["kafka"] = 7.0
    assert pace.pace() == watch.pace() == Stopwatch().pace() == 4


def test_a_stack_json_of_before_still_loads(state: Path) -> None:
    addresses.save(WHERE, state)
    old = json.loads((state / "stack.json").read_text())
    del old["pace"]
    (state / "stack.json").write_text(json.dumps(old))
    assert addresses.load(state).pace == 1.0


@pytest.mark.parametrize(
    ("factors", "wanted"),
    [
        ({"java": 1.1, "kafka": 1.0, "connect": 0.9}, 1.0),
        ({"java": 2.5, "kafka": 4.2, "connect": 3.9}, 3.9),
        ({"java": 1.0, "kafka": 15.0, "connect": 1.2}, 1.2),
        ({"java": 9.0, "format": 9.5, "kafka": 10.0, "connect": 20.0}, MOST),
        ({"java": 3.0, "format": 2.0}, 2.5),
    ],
    ids=["as the reference", "a quarter of the speed", "one log recovery", "bounded", "before the brokers"],
)
def test_recorded_starts_give_the_pace(factors: dict[str, float], wanted: float) -> None:
    watch = Stopwatch()
    watch.factors.update(factors)
    assert watch.pace() == wanted


def test_the_stopwatch_compares_with_the_reference_and_forgets_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(monkeypatch, pace), Stopwatch()
    with watch.time("kafka", 3.0):
        clock.sleep(9.0)
    with pytest.raises(ServiceError), watch.time("connect", 1.0):
        raise ServiceError("connect", "c", "r")
    assert watch.factors == {"kafka": 3.0}


def test_every_start_that_is_timed_has_its_reference() -> None:
    assert all(seconds > 0 for seconds in native.START_SECONDS.values())
    assert {(what, cached) for what in ("kafka", "connect") for cached in (True, False)} == set(native.START_SECONDS)


def test_the_quick_measure_sees_processes_that_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    def child(*_: object) -> SimpleNamespace:
        return SimpleNamespace(wait=lambda: clock.sleep(pace.REFERENCE_SECONDS))

    clock = Clock(monkeypatch, pace)
    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock.seconds, raising=False)
    monkeypatch.setattr(pace.subprocess, "Popen", child)
    assert pace.measure_python() == pace.PROCESSES


def test_the_quick_measure_works_for_real() -> None:
    assert LEAST <= pace.measure_python() <= MOST


def test_a_slow_machine_is_told_in_words() -> None:
    assert pace.words(1.4) == ""
    assert "about 3.0 times slower" in pace.words(3.0)
    assert "takes about 18 s" in pace.words(3.0)


# Each mechanism, on a machine of pace 4.


def test_a_check_waits_longer(slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.checks import attempt

    clock = Clock(monkeypatch, attempt)
    assert Attempt("l98.one", 0.0, Baseline()).wait(lambda: 0, bool, within=5) == 0
    assert 20 <= clock.seconds < 21


def test_the_referee_waits_longer(slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.checks import runner
    from lab.checks.exercise import Exercise

    asked: list[float] = []

    class Late(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            asked.append(timeout or 0)
            raise TimeoutError

    monkeypatch.setattr(runner, "Future", Late)
    monkeypatch.setattr(runner.health, "trouble", lambda services: None)
    monkeypatch.setattr(runner, "is_stub", lambda name, attempt: False)
    exercise = Exercise("l98.one", "t", "g", ("a", "b", "c"), lambda attempt: "", (), 30)
    verdict = runner.decide(exercise, Attempt("l98.one", 0.0, Baseline()), ())
    assert asked == [120]
    assert "within 120 s" in verdict.seen


def test_readiness_waits_longer(slow: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no() -> None:
        raise answers.Unanswered("no")

    clock = Clock(monkeypatch, ready)
    monkeypatch.setattr(ready, "processes", lambda layout: {})
    with pytest.raises(ServiceError, match="after 40 s"):
        ready.wait(["connect"], no, 10, Layout(tmp_path, tmp_path))
    assert 40 <= clock.seconds < 41


def test_retries_go_on_for_longer(slow: None) -> None:
    stop = pace.stop_after(10)
    assert not stop(SimpleNamespace(seconds_since_start=39.9))
    assert stop(SimpleNamespace(seconds_since_start=40.0))


class Asked(Exception):
    """Keyword arguments of the call."""


def remember(*_: object, **arguments: Any) -> Any:
    raise Asked(arguments)


@pytest.mark.parametrize(
    ("module", "name", "call", "key", "wanted"),
    [
        (answers.httpx, "Client", lambda: answers.connect("http://127.0.0.1:1"), "timeout", 12.0),
        (answers.socket, "create_connection", lambda: answers.mqtt("127.0.0.1", 1), "timeout", 12.0),
        (http_of_connect.httpx, "Client", lambda: http.Connectors().open(WHERE), "timeout", 32.0),
        (kafka_client, "Consumer", lambda: kafka.looker(WHERE), "socket.timeout.ms", 32_000),
    ],
    ids=["status http", "status mqtt", "panel http", "panel kafka"],
)
def test_questions_have_longer_deadlines(
    slow: None,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    call: Callable[[], Any],
    key: str,
    wanted: float,
) -> None:
    def seen(*positional: Any, **arguments: Any) -> Any:
        found = {**arguments, **(positional[0] if positional and isinstance(positional[0], dict) else {})}
        if name == "create_connection":
            found["timeout"] = positional[1]
        raise Asked(found)

    monkeypatch.setattr(module, name, seen)
    with pytest.raises(Asked) as asked:
        call()
    assert asked.value.args[0][key] == wanted


def test_clients_of_connect_and_influxdb_have_longer_deadlines(slow: None, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    with (
        Connect("http://127.0.0.1:1") as connect,
        Influx(WHERE.model_copy(update={"influx_token_file": token})) as influx,
    ):
        assert connect._http.timeout.read == 120
        assert influx._http.timeout.read == 240


def test_marks_wait_longer(slow: None, monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    addresses.save(WHERE, state)
    asked: list[float] = []

    class Pool:
        def submit(self, *_: object) -> Any:
            return SimpleNamespace(result=asked.append)

        def shutdown(self, wait: bool) -> None: ...

    monkeypatch.setattr(baseline, "ThreadPoolExecutor", Pool)
    baseline.record(("kafka",))
    assert 47 < asked[0] <= 48


def test_the_supervisor_gives_services_longer(slow: None, tmp_path: Path) -> None:
    service = Service("proxy", ("true",), tmp_path / "log", stop_seconds=10)
    text = configuration([service], Layout(tmp_path, tmp_path))
    assert "stopwaitsecs=40\n" in text
    assert "startsecs=32\n" in text


def test_the_tests_own_waiting_is_longer(slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import waiting

    clock = Clock(monkeypatch, waiting)
    with pytest.raises(AssertionError, match=r"within 20\.0 s"):
        until(lambda: False, 5)
    assert 20 <= clock.seconds < 21


def test_pytests_time_outs_are_longer(
    slow: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This test's own timer is set again, through the hook of tests/conftest.py."""
    import pytest_timeout

    seen: list[float] = []
    monkeypatch.setattr(
        pytest_timeout, "pytest_timeout_set_timer", lambda item, settings: seen.append(settings.timeout) or True
    )
    settings_ = pytest_timeout.get_env_settings(request.config)
    request.config.hook.pytest_timeout_set_timer(item=request.node, settings=settings_)
    assert seen == [4 * settings_.timeout]


def test_allow_is_cheap(state: Path) -> None:
    keep(state, 2)
    began = time.process_time()
    for _ in range(1000):
        allow(1.0)
    assert time.process_time() - began < 1.0
