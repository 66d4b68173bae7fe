// @ts-check
// What every panel shares: small DOM helpers, the frame around a panel, and errors drawn inside the cell.
// A panel's own file imports from here and exports `panel(build)`; `files.script` makes one module of the two.

const MOTION_KEY = "lab-motion";
const SVG = "http://www.w3.org/2000/svg";
export const MARKS = { ready: "●", slow: "▲", down: "■", missing: "○", waiting: "…" };
export const STATES = {
  ready: "healthy",
  slow: "needs attention",
  down: "down",
  missing: "missing",
  waiting: "not seen yet",
};
let serial = 0;

/** A fresh id, so that labels find their controls however many views a page holds. */
export const uid = (stem) => `lab-${stem}-${++serial}`;

/** An element with attributes and children; `on*` attributes are listeners, null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Write text only where it changed, so that a screen reader and a selection are left in peace. */
export function put(node, text) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function set(node, name, value) {
  const wanted = String(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

/** Keep one child of `parent` per item, by key: make the new, update all, remove the gone, in the items' order. */
export function keyed(parent, items, keyOf, make, update) {
  parent._kept ??= new Map();
  const kept = parent._kept;
  const wanted = new Set(items.map((item) => String(keyOf(item))));
  for (const [key, node] of kept) {
    if (!wanted.has(key)) {
      node.remove();
      kept.delete(key);
    }
  }
  items.forEach((item, position) => {
    const key = String(keyOf(item));
    if (!kept.has(key)) kept.set(key, make(item));
    const node = kept.get(key);
    if (parent.children[position] !== node) parent.insertBefore(node, parent.children[position] ?? null);
    update?.(node, item);
  });
}

export const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "-"
    : Number(value).toLocaleString("en", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
export const rate = (value) =>
  value === null || value === undefined
    ? ""
    : value > 0 && value < 9.95
      ? `${value.toFixed(1)}/s`
      : `${number(value)}/s`;
export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

/** A name that may break after its underscores. */
export const breakable = (name) => name.split(/(?<=_)/).flatMap((part, n) => (n ? [h("wbr"), part] : [part]));

export function button(label, act, attributes = {}) {
  return h("button", { type: "button", class: "lab-button", onclick: act, ...attributes }, label);
}

/** A mark and a word for a state: never colour alone. */

let motionHere = null;

/** The learner's choice, or else the system's; storage may be closed to this page, then it lasts as long as the page. */
function motionWanted() {
  let kept = motionHere;
  try {
    kept = localStorage.getItem(MOTION_KEY) ?? kept;
  } catch {
    /* kept as it is */
  }
  return kept === null ? !matchMedia("(prefers-reduced-motion: reduce)").matches : kept === "on";
}

function chooseMotion(on) {
  motionHere = on ? "on" : "off";
  try {
    localStorage.setItem(MOTION_KEY, motionHere);
  } catch {
    /* lasts as long as the page */
  }
}

/** The switch for motion, shared by every panel through the browser's storage. */
function motionSwitch(root) {
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    onchange: () => {
      chooseMotion(box.checked);
      apply();
    },
  });
  const apply = () => {
    box.checked = motionWanted();
    root.classList.toggle("lab-calm", !box.checked);
  };
  apply();
  return h("label", { class: "lab-switch" }, box, " Motion");
}

/** What was just done or went wrong, with its remedy; announced politely. With `room` it moves no button when it comes. */
function noticeBar(model, room) {
  const bar = h("p", { class: "lab-notice", role: "status", "aria-live": "polite", hidden: true });
  const draw = () => {
    const notice = model.get("notice") ?? {};
    bar.hidden = !notice.text;
    bar.className = `lab-notice lab-notice-${notice.level}`;
    put(bar, [notice.text, notice.remedy].filter(Boolean).join(" "));
  };
  return { box: h("div", { class: room ? "lab-noticebox" : "" }, bar), draw };
}

/** The panel as plain sentences, for those who cannot or do not want to read the picture. */
function textVersion() {
  const list = h("ul", { class: "lab-list" });
  const details = h("details", { class: "lab-words" }, h("summary", {}, "In words"), list);
  const draw = (words) =>
    keyed(
      list,
      words.map((text, place) => ({ text, place })),
      (w) => w.place,
      () => h("li"),
      (node, word) => put(node, word.text),
    );
  return { details, draw };
}

/** A region that says the newest event aloud, at most once every two seconds. */
function announcer() {
  const region = h("p", { class: "lab-aloud", "aria-live": "polite" });
  let last = "",
    said = 0;
  return {
    region,
    say(text) {
      const now = Date.now();
      if (!text || text === last || now - said < 2000) return;
      [last, said] = [text, now];
      put(region, text);
    },
  };
}

/** Draw, and show what went wrong in the cell itself: the learner never opens the browser's console. */
function guarded(root, work) {
  try {
    root.querySelector(":scope > .lab-broken")?.remove();
    return work();
  } catch (error) {
    console.error(error);
    root.prepend(
      h(
        "p",
        { class: "lab-broken", role: "alert" },
        `This panel could not be drawn: ${error.message}. Run the cell again; if it stays, restart the kernel.`,
      ),
    );
    return undefined;
  }
}

/**
 * Keep JupyterLab's commands on single keys away while a control of the panel has the focus: arrows would move between
 * cells, Enter would edit one and X cut it. What goes with Ctrl or Cmd, as saving does, stays JupyterLab's. It looks for
 * the attribute after this listener, which hears every key before the document does; and at the control itself, because
 * its selectors end in `:focus`: on an ancestor the attribute comes too late.
 */
function ownKeys(root) {
  const hear = ({ target, ctrlKey, metaKey }) => {
    if (root.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !ctrlKey && !metaKey);
  };
  window.addEventListener("keydown", hear, true);
  return () => window.removeEventListener("keydown", hear, true);
}

/**
 * A widget from `build(context)`, which makes the body once and returns `draw(snapshot)`.
 * The context: `body`, `root`, `model`, `send(command, arguments)`, `onEnd(cleanup)`, `options`.
 */
export function panel(build, options = {}) {
  return {
    render({ model, el }) {
      const root = h("section", { class: `lab-panel lab-is-${options.name}`, "aria-label": model.get("heading") });
      const body = h("div", { class: "lab-body" });
      const notice = noticeBar(model, options.buttons),
        words = textVersion(),
        aloud = announcer(),
        ends = [ownKeys(root)];
      root.append(
        h(
          "header",
          { class: "lab-header" },
          h("h2", {}, model.get("heading")),
          options.motion ? motionSwitch(root) : null,
        ),
        notice.box,
        body,
        words.details,
        aloud.region,
      );
      el.classList.add("lab-live");
      el.append(root);
      const send = (command, args = {}) => model.send({ command, arguments: args });
      const draw = guarded(root, () => build({ body, root, model, send, onEnd: (end) => ends.push(end) }));
      const redraw = () =>
        guarded(root, () => {
          const snapshot = model.get("snapshot") ?? {};
          draw(snapshot);
          words.draw(snapshot.words ?? []);
          aloud.say(snapshot.events?.at(-1)?.text);
        });
      if (draw) {
        // Otherwise what went wrong while it was built stays in sight.
        model.on("change:snapshot", redraw);
        redraw();
      }
      model.on("change:notice", notice.draw);
      notice.draw();
      return () => {
        model.off("change:snapshot", redraw);
        model.off("change:notice", notice.draw);
        ends.forEach((end) => end());
      };
    },
  };
}

/** A line that says a service is down, and what to do; empty when all is well. */
export function downLine() {
  const line = h("p", { class: "lab-down-line", hidden: true });
  return {
    line,
    draw(down) {
      line.hidden = !down?.cause;
      put(line, down?.cause ? `■ ${down.cause} ${down.remedy ?? ""}` : "");
    },
  };
}

/** The newest events with their time, newest first. */
export function eventList(label, attributes = {}) {
  const list = h("ol", { class: "lab-events" });
  const box = h("div", { class: "lab-eventbox", ...attributes }, h("h3", {}, label), list);
  const empty = h("p", { class: "lab-quiet" }, "Nothing yet. What changes shows here.");
  box.append(empty);
  return {
    box,
    draw(events = [], most = 6) {
      empty.hidden = events.length > 0;
      keyed(
        list,
        [...events].reverse().slice(0, most),
        (e) => `${e.at} ${e.text}`,
        (e) => h("li", {}, h("time", {}, clock(e.at)), " ", ...breakable(e.text)),
      );
    },
  };
}
