"""The plugin as an archive for a stock Kafka Connect: `python -m lab.connect.archive [FOLDER]`.

Unpack it into a folder of the worker's `plugin.path`. Its layout and manifest are those that Confluent's
`confluent-hub` command and other installers expect: NAME-VERSION/manifest.json, lib/ and doc/.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

from lab.connect.build import NAME, plugin_folder, version
from lab.settings import ROOT

OWNER = "hybridiot"
EPOCH = (2026, 1, 1, 0, 0, 0)
"""One date for every file, so that equal content makes an equal archive."""


def archive(folder: Path) -> Path:
    """Write the archive into `folder` and return its path."""
    root = f"{OWNER}-{NAME}-{version()}"
    target = folder / f"{root}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        _add(packed, f"{root}/manifest.json", json.dumps(manifest(), indent=2).encode() + b"\n")
        for jar in sorted((plugin_folder() / NAME).glob("*.jar")):
            _add(packed, f"{root}/lib/{jar.name}", jar.read_bytes())
        for document in (ROOT / "LICENSE", ROOT / "docs" / "connectors.md", ROOT / "docs" / "connectors-reference.md"):
            _add(packed, f"{root}/doc/{document.name}", document.read_bytes())
    return target


def manifest() -> dict[str, object]:
    """What an installer reads about the plugin."""
    return {
        "name": NAME,
        "version": version(),
        "title": "InfluxDB 2 sink and source",
        "description": "Writes Kafka topics to InfluxDB 2 and reads its rows into Kafka topics; loses nothing.",
        "owner": {"username": OWNER, "name": OWNER},
        "license": [{"name": "Apache License 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "component_types": ["sink", "source"],
        "features": {"delivery_guarantee": ["at_least_once"], "kafka_connect_api": True},
    }


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    packed.writestr(info, content)


if __name__ == "__main__":
    made = archive(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    sys.stdout.write(f"{made}\n")
