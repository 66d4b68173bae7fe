// @ts-check
// The connector panel: state, tasks, errors and settings, with its life in the learner's hand.
import { MARKS, button, downLine, h, keyed, panel, put } from "../common.js";

const LOOKS = {
  running: "ready",
  paused: "slow",
  stopped: "slow",
  unassigned: "slow",
  restarting: "slow",
  failed: "down",
};

function buildConnector({ body, send }) {
  const down = downLine(),
    empty = h("p", { class: "lab-quiet", hidden: true }),
    state = h("p"),
    rows = h("tbody");
  const acts = h(
    "div",
    { class: "lab-row" },
    button("Pause", () => send("pause")),
    button("Resume", () => send("resume")),
    button("Restart", () => send("restart")),
  );
  const trace = h("pre", { class: "lab-trace", tabindex: "0", "aria-label": "The connector's error" }),
    settings = h("tbody");
  const tasks = h(
    "table",
    {},
    h("caption", { class: "lab-aloud" }, "Tasks"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Task", "State", "Error"].map((n) => h("th", { scope: "col" }, n)),
      ),
    ),
    rows,
  );
  const whole = h(
    "div",
    {},
    state,
    acts,
    trace,
    h("div", { class: "lab-scroll" }, tasks),
    h(
      "details",
      { class: "lab-words" },
      h("summary", {}, "Settings"),
      h("div", { class: "lab-scroll" }, h("table", {}, h("caption", { class: "lab-aloud" }, "Settings"), settings)),
    ),
  );
  body.append(down.line, empty, whole);
  return (snapshot) => {
    down.draw(snapshot.down);
    empty.hidden = !snapshot.missing;
    put(empty, snapshot.missing ? `There is no connector ${snapshot.name} yet: create it first.` : "");
    whole.hidden = !snapshot.state;
    if (!snapshot.state) return;
    const wanted = `${MARKS[LOOKS[snapshot.state]] ?? ""} ${snapshot.state}`;
    state.className = `lab-badge lab-${LOOKS[snapshot.state]}`;
    put(state, wanted);
    trace.hidden = !snapshot.trace;
    put(trace, snapshot.trace);
    keyed(
      rows,
      snapshot.tasks,
      (t) => t.id,
      (t) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, t.id),
          h("td"),
          h("td", {}, h("pre", { class: "lab-trace", tabindex: "0", "aria-label": `Error of task ${t.id}` })),
        ),
      (row, task) => {
        row.children[1].className = `lab-badge lab-${LOOKS[task.state]}`;
        put(row.children[1], `${MARKS[LOOKS[task.state]] ?? ""} ${task.state}`);
        const error = row.children[2].firstChild;
        error.hidden = !task.trace;
        put(error, task.trace);
      },
    );
    keyed(
      settings,
      Object.entries(snapshot.config),
      ([key]) => key,
      ([key]) => h("tr", {}, h("th", { scope: "row" }, key), h("td", { class: "lab-mono" })),
      (row, [, value]) => put(row.lastChild, value),
    );
  };
}

export default panel(buildConnector, { name: "connector", buttons: true });
