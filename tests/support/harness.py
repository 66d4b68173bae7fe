"""One panel on a bare page with a canned snapshot: its looks, its keyboard and its accessibility without services.

The page's model is the smallest thing that speaks as anywidget does; what the panel sends lies in `window.sent`, and
`window.listening()` is how many listeners the model has.
"""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from lab.widgets.files import script, styles

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Panel</title><style>
body {{ margin: 12px; background: {ground}; }} {css}</style></head>
<body data-jp-theme-light="{light}"><main><h1 style="position:absolute;clip-path:inset(50%)">Panel</h1>
<div id="here"></div></main></body></html>"""
MOUNT = """async ([source, state]) => {
  const listeners = {};
  window.sent = [];
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (listeners['change:' + name] ?? []).forEach((act) => act()); },
    on: (name, act) => { (listeners[name] ??= []).push(act); },
    off: (name, act) => { listeners[name] = (listeners[name] ?? []).filter((held) => held !== act); },
    send: (message) => window.sent.push(message),
    save_changes: () => {},
  };
  window.listening = () => Object.values(listeners).flat().length;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const module = await import(url);
  window.unmount = module.default.render({ model: window.model, el: document.querySelector('#here') });
}"""


def mount(page: Page, name: str, heading: str, snapshot: dict[str, Any], light: bool = True, **traits: Any) -> None:
    """Draw panel `name` with a snapshot on an empty page."""
    ground = "#fff" if light else "#111"
    page.set_content(PAGE.format(css=styles(name), light=str(light).lower(), ground=ground))
    state = json.loads(json.dumps({"heading": heading, "snapshot": snapshot, "notice": {}, **traits}))
    page.evaluate(MOUNT, [script(name), state])


def feed(page: Page, snapshot: dict[str, Any]) -> None:
    """Give the mounted panel another snapshot."""
    page.evaluate("(snapshot) => window.model.set('snapshot', snapshot)", json.loads(json.dumps(snapshot)))


def sent(page: Page) -> list[dict[str, Any]]:
    """Commands that the panel has sent so far."""
    found: list[dict[str, Any]] = page.evaluate("window.sent")
    return found
