"""InfluxData's official archive of influxd, its checksum compared before anything is unpacked.

The checksums are those that several public projects pin for these files. A wrong or outdated one can only refuse
an archive, and then influxd is built instead.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tarfile
from pathlib import Path

import httpx

from lab.stack.influxd.build import Advance
from lab.stack.influxd.server import VERSION

BASE = "https://download.influxdata.com/influxdb/releases"
SHA256 = {
    "linux_amd64": "762e4fc825c4386e0c5138e7c3f91fc778081db2bada1ec47066e786bf55d9ff",
    "linux_arm64": "a99c3b89fc580f945a6d7a7b0b9c66961bb8b3bf9ddaaab1dae17cdf6af531c9",
    "darwin_amd64": "5b283ab29c8626a30debeee573c4508a304d46ffef417bae92be868ed0cc4782",
}
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
REFUSED_AFTER = httpx.Timeout(30, connect=4)
"""Seconds: a network that cannot reach it says no within four."""


class Refused(Exception):  # noqa: N818 - the next source is tried, nothing has gone wrong
    """The archive cannot be had here; the message says why."""


def target() -> str | None:
    """The name InfluxData gives this machine, None when there is no archive for it."""
    name = f"{sys.platform}_{MACHINES.get(platform.machine().lower(), '')}"
    return name if name in SHA256 else None


def fetch(scratch: Path, advance: Advance) -> Path:
    """Download, verify and unpack influxd into `scratch`; return its path. Raises Refused."""
    name = target()
    if name is None:
        raise Refused(f"there is no archive for {platform.system()} on {platform.machine()}")
    archive = scratch / "influxd.tar.gz"
    found = _download(f"{BASE}/influxdb2-{VERSION}_{name}.tar.gz", archive, advance)
    if found != SHA256[name]:
        raise Refused(f"its sha256 is {found[:12]}... and should be {SHA256[name][:12]}...")
    return unpack(archive, scratch)


def _download(url: str, archive: Path, advance: Advance) -> str:
    digest, done = hashlib.sha256(), 0
    try:
        with (
            httpx.stream("GET", url, timeout=REFUSED_AFTER, follow_redirects=True) as answer,
            archive.open("wb") as file,
        ):
            total = int(answer.raise_for_status().headers.get("content-length", 0))
            for chunk in answer.iter_bytes(1 << 20):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                advance("downloading influxd", done / total if total else 0.0)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ImportError, ValueError) as error:
        # ImportError and ValueError: proxy variables that httpx cannot follow, such as ALL_PROXY=socks5://...
        raise Refused(str(error).partition("\n")[0] or type(error).__name__) from error
    return digest.hexdigest()


def unpack(archive: Path, scratch: Path) -> Path:
    """Take the one file named influxd out of the archive. Raises Refused when there is none."""
    binary = scratch / "influxd"
    try:
        with tarfile.open(archive) as members:
            inside = next((m for m in members if m.isfile() and Path(m.name).name == "influxd"), None)
            source = members.extractfile(inside) if inside else None
            if source is None:
                raise Refused("it holds no influxd")
            binary.write_bytes(source.read())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Refused(f"it cannot be unpacked: {error}") from error
    binary.chmod(0o755)
    return binary
