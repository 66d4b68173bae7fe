"""The panels' scripts are modules: what one imports is exported, and one text of both is what a cell loads.

TypeScript's checker, eslint and prettier read them as they lie (thorough: the three come from npm).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.base.pace import allow
from lab.base.settings import ROOT
from lab.widgets.files import HERE, script

PANELS = sorted(path.stem for path in (HERE / "panels").glob("*.js"))
SHARED = (HERE / "common.js").read_text()
WIDEST = 120


def test_every_panel_has_a_script() -> None:
    assert sorted(path.stem for path in (HERE / "panels").glob("[a-z]*.py") if path.stem != "__init__") == PANELS


@pytest.mark.parametrize("name", PANELS)
def test_what_a_panel_imports_is_exported_and_used(name: str) -> None:
    own = (HERE / "panels" / f"{name}.js").read_text()
    found = re.search(r'^import \{([^}]*)\} from "\.\./common\.js";$', own, re.MULTILINE)
    assert found, "no import of the shared module"
    names = {one.strip() for one in found[1].split(",") if one.strip()}
    exported = set(re.findall(r"^export (?:async )?(?:function|const) (\w+)", SHARED, re.MULTILINE))
    assert names <= exported
    rest = own.replace(found[0], "")
    assert [one for one in sorted(names) if not re.search(rf"\b{one}\b", rest)] == []


@pytest.mark.parametrize("name", PANELS)
def test_a_cell_loads_one_module(name: str) -> None:
    text = script(name)
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert re.findall(r"^export .*", text, re.MULTILINE) == re.findall(r"^export default panel\(.*", text, re.MULTILINE)
    assert text.count("export default") == 1


@pytest.mark.thorough("linter, type checker and formatter of the panels' scripts")
def test_the_tools_of_the_trade_find_nothing(tmp_path: Path) -> None:
    for file in ("package.json", "eslint.config.js"):
        shutil.copy(ROOT / "tests" / "scripts" / file, tmp_path)
    shutil.copytree(HERE, tmp_path / "widgets", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    npm = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent")
    subprocess.run(npm, cwd=tmp_path, check=True, timeout=allow(240))
    scripts = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "widgets").rglob("*.js"))]
    for argv in (
        ("tsc", "-p", "widgets/jsconfig.json"),
        ("eslint", *scripts),
        ("prettier", "--check", "--print-width", str(WIDEST), *scripts),
    ):
        command = (str(tmp_path / "node_modules/.bin" / argv[0]), *argv[1:])
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=allow(240))
        assert done.returncode == 0, done.stdout + done.stderr
