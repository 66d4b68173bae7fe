// The task form: fields, a Flux editor with the server's errors at their lines, the task's runs and their logs.

const CHECK_AFTER_MS = 700;
const RUN_LOOKS = { success: "ready", failed: "lost", canceled: "slow", scheduled: "waiting", started: "waiting" };

function field(label, control) {
  const id = uid("field");
  control.id = id;
  return h("div", { class: "lab-field" }, h("label", { for: id }, label), control);
}

function scheduleFields(start, changed) {
  const text = (value, size) => h("input", { type: "text", value, size, spellcheck: "false", autocomplete: "off", oninput: changed });
  const name = text(start.name ?? "", 22), every = text(start.every ?? "10s", 8), cron = text(start.cron ?? "", 14), offset = text(start.offset ?? "", 6);
  const kind = h("select", { onchange: () => { show(); changed(); } }, h("option", { value: "every" }, "Every"), h("option", { value: "cron" }, "Cron"));
  const everyField = field("Every (10s, 5m, 1h)", every), cronField = field("Cron (minute hour day month weekday)", cron);
  const show = () => { everyField.hidden = kind.value !== "every"; cronField.hidden = kind.value !== "cron"; };
  const box = h("div", { class: "lab-row lab-fields" }, field("Name", name), field("Schedule", kind), everyField, cronField, field("Offset", offset));
  const fill = (fields) => {
    for (const [control, key] of [[name, "name"], [every, "every"], [cron, "cron"], [offset, "offset"]]) control.value = fields[key] ?? "";
    kind.value = fields.kind ?? "every";
    show();
  };
  kind.value = start.kind ?? "every";
  show();
  return { box, fill, read: () => ({ name: name.value, kind: kind.value, every: every.value, cron: cron.value, offset: offset.value }) };
}

/** A text area with line numbers; lines that the server complains about are marked in the gutter and listed below. */
function editor(start, changed) {
  const id = uid("flux"), problems = uid("problems");
  const area = h("textarea", { id, class: "lab-flux", rows: 10, spellcheck: "false", wrap: "off", "aria-describedby": problems });
  const gutter = h("div", { class: "lab-gutter", "aria-hidden": "true" });
  const list = h("ul", { class: "lab-problems", id: problems, "aria-live": "polite" });
  let wrong = new Set();
  const number_lines = () => {
    const lines = area.value.split("\n").map((_, n) => ({ n: n + 1 }));
    keyed(gutter, lines, (l) => l.n, () => h("span"), (node, l) => { put(node, wrong.has(l.n) ? `✗ ${l.n}` : l.n); node.classList.toggle("lab-wrong", wrong.has(l.n)); });
    area.rows = Math.min(24, Math.max(8, lines.length + 1));
  };
  const go = (error) => {
    const before = area.value.split("\n").slice(0, error.line - 1).join("\n").length + (error.line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(before + Math.max(0, error.column - 1), before + Math.max(0, error.column - 1));
  };
  area.addEventListener("input", () => { number_lines(); changed(); });
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.value = start.flux ?? "";
  number_lines();
  const box = h("div", {}, h("label", { for: id }, "Flux"), h("div", { class: "lab-editor" }, gutter, area), list);
  return { box, read: () => area.value, fill(text) { area.value = text; number_lines(); }, mark(errors) {
    wrong = new Set(errors.map((error) => error.line));
    number_lines();
    list.replaceChildren(...errors.map((error) => h("li", {}, button(error.line ? `✗ Line ${error.line}, column ${error.column}` : "✗ The schedule",
      () => error.line && go(error), { class: "lab-link" }), ` ${error.message}`)));
  }, say(text) { list.replaceChildren(h("li", { class: "lab-quiet" }, text)); } };
}

function runTable(send) {
  const rows = h("tbody");
  const table = h("table", {}, h("caption", {}, "Runs, newest first"),
    h("thead", {}, h("tr", {}, ["Scheduled for (UTC)", "Status", "Took", "Do"].map((n) => h("th", { scope: "col" }, n)))), rows);
  const log = h("pre", { class: "lab-log", tabindex: "0", "aria-label": "Log of the chosen run" });
  return { box: h("div", {}, h("div", { class: "lab-scroll" }, table), log), draw(snapshot) {
    keyed(rows, snapshot.runs, (r) => r.id, (run) => h("tr", { "data-run": run.id }, h("th", { scope: "row", class: "lab-num" }, run.scheduled.replace("T", " ").replace("Z", "")),
      h("td"), h("td", { class: "lab-num" }), h("td", { class: "lab-acts" },
        button("Log", () => send("look", { run: run.id }), { "aria-label": `Log of the run for ${run.scheduled}` }),
        button("Run again", () => send("retry", { run: run.id }), { "aria-label": `Run again for ${run.scheduled}` }))),
    (row, run) => {
      row.classList.toggle("lab-followed", run.id === snapshot.run);
      row.children[1].className = `lab-badge lab-${RUN_LOOKS[run.status] ?? "waiting"}`;
      put(row.children[1], `${MARKS[RUN_LOOKS[run.status]] ?? ""} ${run.status}`);
      put(row.children[2], run.ms === null ? "" : `${number(run.ms)} ms`);
    });
    log.hidden = !snapshot.run;
    put(log, snapshot.log.length ? snapshot.log.join("\n") : "No log yet.");
  } };
}

function buildTask({ body, model, send, onEnd }) {
  let timer = null, asked = 0, touched = false, filled = "";
  const start = model.get("start") ?? {};
  const read = () => ({ ...schedule.read(), flux: flux.read() });
  const check = () => { timer = null; send("check", { ...read(), number: ++asked }); };
  const changed = () => { touched = true; clearTimeout(timer); timer = setTimeout(check, CHECK_AFTER_MS); };
  const schedule = scheduleFields(start, () => { changed(); send("look", { name: schedule.read().name }); });
  const flux = editor(start, changed), runs = runTable(send), lost = lostLine();
  const save = button("Create task", () => send("save", read()), { class: "lab-button lab-primary" });
  const toggle = button("Disable", () => send("enable", { active: toggle.dataset.to === "on" }), { "data-to": "off" });
  const when = h("input", { type: "datetime-local", step: 1 });
  const later = button("Run for that time", () => when.value && send("run", { when: when.value }));
  const now = button("Run now", () => send("run"));
  const state = h("p", { class: "lab-badge" });
  const load = button("Load the saved script", () => fillFrom(model.get("snapshot").task));
  const life = h("div", {}, state, h("div", { class: "lab-row" }, now, toggle, load), h("div", { class: "lab-row" }, field("A past time (UTC)", when), later), runs.box);
  body.append(lost.line, schedule.box, flux.box, h("div", { class: "lab-row" }, button("Check", check), save), life);
  const fillFrom = (task) => { if (task) { schedule.fill(task.fields); flux.fill(task.flux); filled = task.id; check(); } };
  const showAnalysis = () => {
    const { errors = [], checked = 0 } = model.get("analysis") ?? {};
    if (!checked || checked !== asked) return;
    if (errors.length) flux.mark(errors);
    else { flux.mark([]); flux.say("● InfluxDB finds no error."); }
  };
  model.on("change:analysis", showAnalysis);
  onEnd(() => { model.off("change:analysis", showAnalysis); clearTimeout(timer); });
  return (snapshot) => {
    if (snapshot.loading) return;
    lost.draw(snapshot.lost);
    const task = snapshot.task;
    if (task && !touched && filled !== task.id) fillFrom(task);
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

export default panel(buildTask, { name: "task" });
