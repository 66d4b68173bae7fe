// @ts-check
// The task form: fields, a Flux editor with the server's errors at their lines, the task's runs and their logs.
import { MARKS, button, downLine, h, keyed, number, panel, put, uid } from "../common.js";

const CHECK_AFTER_MS = 700;
const KEEP_EVERY_MS = 250; // The kernel has the first key at once, and what follows in a message per so long.
const RUN_LOOKS = { success: "ready", failed: "down", canceled: "slow", scheduled: "waiting", started: "waiting" };

function field(label, control) {
  const id = uid("field");
  control.id = id;
  return h("div", { class: "lab-field" }, h("label", { for: id }, label), control);
}

function scheduleFields(start, changed) {
  const text = (value, size) =>
    h("input", { type: "text", value, size, spellcheck: "false", autocomplete: "off", oninput: changed });
  const name = text(start.name ?? "", 22),
    every = text(start.every ?? "10s", 8),
    cron = text(start.cron ?? "", 14),
    offset = text(start.offset ?? "", 6);
  const kind = h(
    "select",
    {
      onchange: () => {
        show();
        changed();
      },
    },
    h("option", { value: "every" }, "Every"),
    h("option", { value: "cron" }, "Cron"),
  );
  const everyField = field("Every (10s, 5m, 1h)", every),
    cronField = field("Cron (minute hour day month weekday)", cron);
  const show = () => {
    everyField.hidden = kind.value !== "every";
    cronField.hidden = kind.value !== "cron";
  };
  const lead = () => (!name.value.trim() ? name : kind.value === "cron" ? cron : every).focus();
  const box = h(
    "div",
    { class: "lab-row lab-fields" },
    field("Name", name),
    field("Schedule", kind),
    everyField,
    cronField,
    field("Offset", offset),
  );
  const fill = (fields) => {
    for (const [control, key] of [
      [name, "name"],
      [every, "every"],
      [cron, "cron"],
      [offset, "offset"],
    ])
      control.value = fields[key] ?? "";
    kind.value = fields.kind ?? "every";
    show();
  };
  kind.value = start.kind ?? "every";
  show();
  return {
    box,
    fill,
    lead,
    read: () => ({ name: name.value, kind: kind.value, every: every.value, cron: cron.value, offset: offset.value }),
  };
}

/** A text area with line numbers; what the server complains about is marked in the gutter and listed below. */
function editor(start, changed, toSchedule) {
  const id = uid("flux"),
    problems = uid("problems");
  const area = h("textarea", {
    id,
    class: "lab-flux",
    rows: 10,
    spellcheck: "false",
    wrap: "off",
    "aria-describedby": problems,
  });
  const gutter = h("div", { class: "lab-gutter", "aria-hidden": "true" });
  const list = h("ul", { class: "lab-problems", id: problems, "aria-live": "polite" });
  let wrong = new Set();
  const number_lines = () => {
    const lines = area.value.split("\n").map((_, n) => ({ n: n + 1 }));
    keyed(
      gutter,
      lines,
      (l) => l.n,
      () => h("span"),
      (node, l) => {
        put(node, wrong.has(l.n) ? `✗ ${l.n}` : l.n);
        node.classList.toggle("lab-wrong", wrong.has(l.n));
      },
    );
    area.rows = Math.min(24, Math.max(8, lines.length + 1));
  };
  const go = (error) => {
    const before =
      area.value
        .split("\n")
        .slice(0, error.line - 1)
        .join("\n").length + (error.line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(before + Math.max(0, error.column - 1), before + Math.max(0, error.column - 1));
  };
  /** Where an error leads: its line, the schedule's field, or nowhere when it belongs to no line. */
  const place = (error) => {
    if (error.line === null) return h("span", { class: "lab-placeless" }, "✗");
    const [label, lead] = error.line
      ? [`✗ Line ${error.line}, column ${error.column}`, () => go(error)]
      : ["✗ The schedule", toSchedule];
    return button(label, lead, { class: "lab-link" });
  };
  area.addEventListener("input", () => {
    number_lines();
    changed();
  });
  area.addEventListener("scroll", () => {
    gutter.scrollTop = area.scrollTop;
  });
  area.value = start.flux ?? "";
  number_lines();
  const box = h("div", {}, h("label", { for: id }, "Flux"), h("div", { class: "lab-editor" }, gutter, area), list);
  const good = h("li", { class: "lab-quiet" }, "● InfluxDB finds no error.");
  const fill = (text) => {
    area.value = text;
    number_lines();
  };
  const judge = (errors) => {
    wrong = new Set(errors.map((error) => error.line));
    number_lines();
    list.replaceChildren(
      ...(errors.length ? errors.map((error) => h("li", {}, place(error), ` ${error.message}`)) : [good]),
    );
  };
  return { box, fill, judge, read: () => area.value, doubt: () => good.remove() };
}

/** Whether these fields and this text are what InfluxDB holds as the task. */
function isSaved(mine, task) {
  return (
    ["name", "kind", mine.kind, "offset"].every((key) => mine[key].trim() === (task.fields[key] ?? "")) &&
    mine.flux === task.flux
  );
}

/**
 * What is not saved yet, kept in the model: a view that is drawn again, and another view of the same panel, show it.
 * `show(text)` is told of what another view wrote. What was typed just before the page is left or loaded again goes too.
 */
function draftKeeper(model, read, show) {
  let timer = null,
    waiting = false;
  const held = () => model.get("draft") ?? {};
  const write = (text) => {
    waiting = false;
    model.set("draft", text);
    model.save_changes();
  };
  const keep = (text) => {
    clearTimeout(timer);
    timer = null;
    write(text);
  };
  const next = () => {
    timer = null;
    if (waiting) {
      write(read());
      timer = setTimeout(next, KEEP_EVERY_MS);
    }
  };
  const touch = () => {
    waiting = true;
    if (timer === null) next();
  };
  const leave = () => {
    if (waiting) keep(read());
  };
  const same = (text, mine) => Object.entries(text).every(([key, value]) => mine[key] === value);
  const elsewhere = () => {
    if (!waiting && !same(held(), read())) show(held());
  };
  model.on("change:draft", elsewhere);
  window.addEventListener("pagehide", leave);
  return {
    touch,
    drop() {
      if (waiting || "flux" in held()) keep({});
    },
    unsaved: () => waiting || "flux" in held(),
    end() {
      leave();
      clearTimeout(timer);
      window.removeEventListener("pagehide", leave);
      model.off("change:draft", elsewhere);
    },
  };
}

function runTable(send) {
  const rows = h("tbody");
  const table = h(
    "table",
    {},
    h("caption", {}, "Runs, newest first"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Scheduled for (UTC)", "Status", "Took", "Do"].map((n) => h("th", { scope: "col" }, n)),
      ),
    ),
    rows,
  );
  const log = h("pre", { class: "lab-log", tabindex: "0", "aria-label": "Log of the chosen run" });
  return {
    box: h("div", {}, h("div", { class: "lab-scroll" }, table), log),
    draw(snapshot) {
      keyed(
        rows,
        snapshot.runs,
        (r) => r.id,
        (run) =>
          h(
            "tr",
            { "data-run": run.id },
            h("th", { scope: "row", class: "lab-num" }, run.scheduled.replace("T", " ").replace("Z", "")),
            h("td"),
            h("td", { class: "lab-num" }),
            h(
              "td",
              { class: "lab-acts" },
              button("Log", () => send("look", { run: run.id }), {
                "aria-label": `Log of the run for ${run.scheduled}`,
              }),
              button("Run again", () => send("retry", { run: run.id }), {
                "aria-label": `Run again for ${run.scheduled}`,
              }),
            ),
          ),
        (row, run) => {
          row.classList.toggle("lab-followed", run.id === snapshot.run);
          row.children[1].className = `lab-badge lab-${RUN_LOOKS[run.status] ?? "waiting"}`;
          put(row.children[1], `${MARKS[RUN_LOOKS[run.status]] ?? ""} ${run.status}`);
          put(row.children[2], run.ms === null ? "" : `${number(run.ms)} ms`);
        },
      );
      log.hidden = !snapshot.run;
      put(log, snapshot.log.length ? snapshot.log.join("\n") : "No log yet.");
    },
  };
}

function buildTask({ body, model, send, onEnd }) {
  let timer = null,
    asked = 0,
    filled = "";
  const start = { ...model.get("start"), ...model.get("draft") };
  const read = () => ({ ...schedule.read(), flux: flux.read() });
  const check = () => {
    clearTimeout(timer);
    asked = Date.now();
    send("check", { ...read(), number: asked });
  };
  const changed = () => {
    draft.touch();
    flux.doubt();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  };
  const schedule = scheduleFields(start, () => {
    changed();
    send("look", { name: schedule.read().name });
  });
  const flux = editor(start, changed, schedule.lead),
    runs = runTable(send),
    down = downLine();
  const fill = (fields, text) => {
    schedule.fill(fields);
    flux.fill(text);
    check();
  };
  const draft = draftKeeper(model, read, (text) => fill(text, text.flux));
  const save = button(
    "Create task",
    () => {
      check();
      send("save", read());
    },
    { class: "lab-button lab-primary" },
  );
  const toggle = button("Disable", () => send("enable", { active: toggle.dataset.to === "on" }), { "data-to": "off" });
  const when = h("input", { type: "datetime-local", step: 1 });
  const later = button("Run for that time", () => send("run_for", { when: when.value }));
  const now = button("Run now", () => send("run"));
  const state = h("p", { class: "lab-badge" });
  const load = button("Load the saved script", () => {
    draft.drop();
    fillFrom(model.get("snapshot").task);
  });
  const life = h(
    "div",
    {},
    state,
    h("div", { class: "lab-row" }, now, toggle, load),
    h("div", { class: "lab-row" }, field("A past time (UTC)", when), later),
    runs.box,
  );
  body.append(down.line, schedule.box, flux.box, h("div", { class: "lab-row" }, button("Check", check), save), life);
  const version = (task) => JSON.stringify([task.id, task.fields, task.flux]);
  const fillFrom = (task) => {
    filled = version(task);
    fill(task.fields, task.flux);
  };
  /** Unsaved work stays as it is; a form without any follows the saved task. */
  const follow = (task) => {
    if (draft.unsaved() && isSaved(read(), task)) {
      draft.drop();
      filled = version(task);
    }
    if (!draft.unsaved() && filled !== version(task)) fillFrom(task);
  };
  const showAnalysis = () => {
    const { errors = [], checked = 0 } = model.get("analysis") ?? {};
    if (checked && checked === asked) flux.judge(errors);
  };
  model.on("change:analysis", showAnalysis);
  onEnd(() => {
    model.off("change:analysis", showAnalysis);
    clearTimeout(timer);
    draft.end();
  });
  if (draft.unsaved()) check();
  return (snapshot) => {
    if (snapshot.loading) return;
    down.draw(snapshot.down);
    const task = snapshot.task;
    if (task) follow(task);
    put(save, task ? "Update task" : "Create task");
    life.hidden = !task;
    if (!task) return;
    state.className = `lab-badge lab-${task.active ? "ready" : "slow"}`;
    put(state, `${task.active ? "●" : "▲"} ${task.fields.name} is ${task.active ? "active" : "inactive"}`);
    toggle.dataset.to = task.active ? "off" : "on";
    put(toggle, task.active ? "Disable" : "Enable");
    runs.draw(snapshot);
  };
}

export default panel(buildTask, { name: "task", buttons: true });
