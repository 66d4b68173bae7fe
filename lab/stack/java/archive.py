"""The plugin as an archive for a stock Kafka Connect: `python -m lab.stack.java.archive [FOLDER]`.

Unpack it into a folder of the worker's `plugin.path`. Its layout and manifest are those that Confluent's
`confluent-hub` command and other installers expect: NAME-VERSION/manifest.json, lib/ and doc/. Maven makes the same
(`mvn package` in lab/connect/plugin).
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

from lab.base.settings import ROOT
from lab.stack.java.plugin import NAME, PLUGIN, plugin_folder, version

OWNER = "hybridiot"
MANIFEST = PLUGIN / "src" / "main" / "assembly" / "manifest.json"
"""What an installer reads about the plugin."""
CHECKSUM = re.compile(r"-[0-9a-f]{12}\.jar$")
"""The end of a jar's name in the cache; Maven has none."""
EPOCH = (2026, 1, 1, 0, 0, 0)
"""One date for every file, so that equal content makes an equal archive."""


def archive(folder: Path) -> Path:
    """Write the archive into `folder` and return its path."""
    root = f"{OWNER}-{NAME}-{version()}"
    target = folder / f"{root}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        _add(packed, f"{root}/manifest.json", MANIFEST.read_text().replace("${project.version}", version()).encode())
        for jar in sorted((plugin_folder() / NAME).glob("*.jar")):
            _add(packed, f"{root}/lib/{CHECKSUM.sub('.jar', jar.name)}", jar.read_bytes())
        for document in (ROOT / "LICENSE", ROOT / "docs" / "connectors.md", ROOT / "docs" / "connectors-reference.md"):
            _add(packed, f"{root}/doc/{document.name}", document.read_bytes())
    return target


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    packed.writestr(info, content)


if __name__ == "__main__":
    made = archive(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    sys.stdout.write(f"{made}\n")
