"""SIGTERM and SIGHUP end a verb in order; a closed terminal does not stop it from ending."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab import stack
from lab.base.interrupt import Ended, ended_by_signals
from lab.base.pace import allow
from lab.base.settings import ROOT
from lab.commands import cli

VERB = textwrap.dedent(
    """
    import signal, subprocess, sys, time
    from pathlib import Path
    from lab.base.interrupt import Ended, ended_by_signals
    for number in (signal.SIGTERM, signal.SIGHUP):  # the tests' own starter may ignore them, as nohup does
        signal.signal(number, signal.SIG_DFL)
    done = Path(sys.argv[1])
    try:
        with ended_by_signals():
            try:
                print("started", flush=True)
                time.sleep(600)
            finally:
                print("a line on the way out", flush=True)
                child = "import signal; print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
                said = subprocess.run((sys.executable, "-c", child), capture_output=True, text=True).stdout
                done.write_text(said)
                time.sleep(0.5)  # while the second signal comes
    except Ended as ended:
        sys.exit(ended.exit_code)
    """
)


def start(tmp_path: Path, **streams: int) -> subprocess.Popen[bytes]:
    argv = (sys.executable, "-c", VERB, str(tmp_path / "done"))
    return subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, **streams)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_verb_in_order_and_a_second_one_does_not_disturb_it(tmp_path: Path, number: int) -> None:
    with start(tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.send_signal(number)
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(allow(20)) == 128 + number
    assert (tmp_path / "done").read_text() == "True\n", "what is started on the way out hears SIGTERM"


def test_a_closed_terminal_ends_a_verb_in_order(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = start(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert b"started" in os.read(ours, 100)
    os.close(ours)  # every write to the terminal fails from here on
    process.send_signal(signal.SIGHUP)
    assert process.wait(allow(20)) == 128 + signal.SIGHUP
    assert (tmp_path / "done").exists()


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_verb_that_a_signal_ended_has_the_exit_code_that_shells_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    monkeypatch.setattr(stack, "down", down)
    assert cli.main(["down"]) == 128 + signal.SIGTERM


def test_nobody_who_handles_errors_takes_the_end_for_one() -> None:
    assert not issubclass(Ended, Exception)
