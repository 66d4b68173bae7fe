"""The part of the course inside JupyterLab's server: the docked map's snapshots and scripts.

The docked map needs no kernel. Every address here asks for JupyterLab's own token.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from lab.jupyter.command import notebook
from lab.jupyter.watch import Watch
from lab.widgets.files import script, styles

PANELS = ("pipeline_map",)
"""Panels that can be drawn without a kernel."""
watch = Watch()


class MapHandler(JupyterHandler):
    """GET /workshop/map: the map's snapshot."""

    @web.authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(watch.look())


class CourseHandler(JupyterHandler):
    """GET /workshop/course: where the course begins."""

    @web.authenticated
    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"first": notebook("00", Path(self.settings["serverapp"].root_dir))}))


class PanelHandler(JupyterHandler):
    """GET /workshop/panels/NAME.js or .css: the same files that the kernel's panel uses."""

    @web.authenticated
    def get(self, name: str, kind: str) -> None:
        if name not in PANELS:
            raise web.HTTPError(404)
        self.set_header("Content-Type", "text/javascript" if kind == "js" else "text/css")
        self.set_header("Cache-Control", "no-cache")
        self.finish(script(name) if kind == "js" else styles(name))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "lab.jupyter.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    if os.environ.get("JUPYTER_NO_CONFIG"):  # then its folder of configuration is a temporary one
        atexit.register(shutil.rmtree, app.config_dir, ignore_errors=True)
    base = app.web_app.settings["base_url"]
    handlers = [
        (url_path_join(base, "workshop", "map"), MapHandler),
        (url_path_join(base, "workshop", "course"), CourseHandler),
        (url_path_join(base, "workshop", "panels", r"(\w+)\.(js|css)"), PanelHandler),
    ]
    app.web_app.add_handlers(".*$", handlers)
