// @ts-check
// The fault panel: one row per service, faults for the whole pipeline below, and one button that undoes everything.
import { MARKS, button, downLine, eventList, h, keyed, panel, put } from "../common.js";

const FAULTS = [
  ["kill", "Kill"],
  ["freeze", "Freeze"],
  ["stop", "Stop"],
  ["restart", "Restart"],
];
const SERVICE_LOOKS = { ready: "ready", starting: "slow", building: "slow", stopped: "down", failed: "down" };

function makeService(service, send) {
  const state = h("td", { class: "lab-badge" }),
    undo = h("span");
  const row = h(
    "tr",
    { "data-service": service.name },
    h("th", { scope: "row" }, service.name),
    state,
    h(
      "td",
      { class: "lab-acts" },
      FAULTS.map(([verb, label]) =>
        button(label, () => send(verb, { service: service.name }), { "aria-label": `${label} ${service.name}` }),
      ),
      undo,
    ),
  );
  row._draw = (seen) => {
    const look = seen.faults.length ? "slow" : (SERVICE_LOOKS[seen.state] ?? "waiting");
    state.className = `lab-badge lab-${look}`;
    put(state, `${MARKS[look]} ${seen.faults.length ? seen.faults.join(", ") : seen.state}`);
    keyed(
      undo,
      seen.faults,
      (key) => key,
      (key) =>
        button("Undo", () => send("undo", { key }), { class: "lab-button lab-primary", "aria-label": `Undo ${key}` }),
    );
  };
  return row;
}

function buildFaults({ body, send }) {
  const down = downLine(),
    rows = h("tbody"),
    events = eventList("What was done");
  const slow = button("Make the network slow", () => send(slow.dataset.act, { key: "slow network" }), {
    "data-act": "slow",
  });
  const heal = button("Undo everything", () => send("heal"), { class: "lab-button lab-primary" });
  body.append(
    down.line,
    h(
      "div",
      { class: "lab-scroll" },
      h(
        "table",
        {},
        h("caption", { class: "lab-aloud" }, "Services and their faults"),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Service", "State", "Break it"].map((n) => h("th", { scope: "col" }, n)),
          ),
        ),
        rows,
      ),
    ),
    h(
      "div",
      { class: "lab-row" },
      slow,
      button("Send poison readings", () => send("poison")),
      heal,
    ),
    events.box,
  );
  return (snapshot) => {
    if (!snapshot.services) return;
    down.draw(snapshot.down);
    keyed(
      rows,
      snapshot.services,
      (one) => one.name,
      (one) => makeService(one, send),
      (row, one) => row._draw(one),
    );
    slow.dataset.act = snapshot.slow ? "undo" : "slow";
    put(slow, snapshot.slow ? "Make the network fast again" : "Make the network slow");
    heal.disabled = !snapshot.active.length;
    events.draw(snapshot.events, 5);
  };
}

export default panel(buildFaults, { name: "faults", buttons: true });
