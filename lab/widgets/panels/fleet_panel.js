// @ts-check
// The fleet panel: a map of the fleet, the followed generator's reading hop by hop, and a table of controls.
import { button, downLine, eventList, h, keyed, number, panel, put, s, set, uid } from "../common.js";

const SHAPES = { ok: "●", refuel: "▲", offline: "■" };
const ALARMS = { ok: "ready", refuel: "slow", offline: "down" };
const ALARM_WORDS = { ok: "fuel ok", refuel: "needs fuel", offline: "offline" };
const PATIENCE_MS = 5000; // The fleet takes a demand over sooner than this, or never: then the slider goes back.
const SEND_EVERY_MS = 200;
const TANK = 1000;

function worldMap(land) {
  const picture = s(
    "svg",
    { class: "lab-world", viewBox: "-170 -78 345 138", role: "img" },
    s("path", { class: "lab-land", d: land }),
  );
  const title = s("title");
  const dots = s("g");
  picture.prepend(title);
  picture.append(dots);
  return {
    picture,
    draw(snapshot) {
      const { ok, refuel, offline } = snapshot.counts;
      put(title, `Map of the fleet: ${number(ok)} with fuel, ${number(refuel)} need fuel, ${number(offline)} offline`);
      keyed(
        dots,
        snapshot.dots,
        (dot) => dot[0],
        () => s("text", { "text-anchor": "middle" }),
        (node, [id, lat, lon, alarm]) => {
          set(node, "x", lon);
          set(node, "y", 3 - lat);
          set(node, "class", `lab-site lab-${ALARMS[alarm]}${id === snapshot.followed ? " lab-followed" : ""}`);
          put(node, SHAPES[alarm]);
        },
      );
    },
  };
}

/** The reading of one generator on its way: the same number should appear hop after hop. */
function hopStrip() {
  const title = h("h3"),
    list = h("ol", { class: "lab-hops" });
  const box = h("div", { class: "lab-follow-box" }, title, list);
  return {
    box,
    draw(snapshot) {
      put(title, snapshot.followed ? `Following ${snapshot.followed}` : "No generator yet");
      keyed(
        list,
        snapshot.hops,
        (hop) => hop.hop,
        () =>
          h(
            "li",
            {},
            h("span", { class: "lab-hop-name" }),
            h("strong", { class: "lab-num" }),
            h("span", { class: "lab-hop-age lab-num" }),
          ),
        (node, hop) => {
          const [name, value, age] = node.children;
          put(name, hop.hop);
          put(value, hop.load === null ? "-" : `${number(hop.load, 1)} %`);
          put(
            age,
            hop.age === null ? hop.place : hop.hop === "device" ? hop.place : `${number(hop.age)} s old; ${hop.place}`,
          );
          node.dataset.hop = hop.hop;
        },
      );
    },
  };
}

/**
 * A slider for the load that is asked for, with the load that was measured beside it. It sends while it moves, a few
 * times a second, and stays where the learner put it until the fleet has taken that over.
 */
function loadSlider(id, send) {
  let timer = null,
    touched = 0,
    load = null;
  const out = h("span", { class: "lab-num" });
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": `Load of ${id} in percent` });
  const go = () => {
    timer = null;
    send("set_load", { id, percent: Number(slider.value) });
  };
  slider.addEventListener("input", () => {
    touched = Date.now();
    say();
    timer ??= setTimeout(go, SEND_EVERY_MS);
  });
  const say = () => put(out, `load ${number(load)} %, asked for ${slider.value} %`);
  return {
    node: h("span", { class: "lab-load" }, slider, out),
    draw(measured, demand) {
      load = measured;
      if (Number(slider.value) === demand) touched = 0;
      else if (Date.now() - touched > PATIENCE_MS) slider.value = demand;
      say();
    },
  };
}

function fuelBar(id) {
  const bar = h("meter", { min: 0, max: TANK, low: 500, optimum: TANK, "aria-label": `Fuel of ${id} in litres` });
  const text = h("span", { class: "lab-num" });
  return {
    node: h("span", { class: "lab-fuel" }, bar, text),
    draw(fuel) {
      bar.value = fuel;
      put(text, `${number(fuel)} l`);
    },
  };
}

function makeRow(generator, send) {
  const { id } = generator;
  const name = button(id, () => send("follow", { id }), { class: "lab-link", title: `Follow ${id} down the pipeline` });
  const load = loadSlider(id, send),
    fuel = fuelBar(id);
  const state = h("span", { class: "lab-badge" }),
    said = h("span", { class: "lab-said" });
  const network = button("Cut", () => send(network.dataset.act, { id }), { "data-act": "cut" });
  const row = h(
    "tr",
    { "data-generator": id },
    h("th", { scope: "row" }, name),
    h("td", {}, state, said),
    h("td", {}, load.node),
    h("td", {}, fuel.node),
    h(
      "td",
      { class: "lab-acts" },
      network,
      button("Refuel", () => send("refuel", { id }), { "aria-label": `Refuel ${id}` }),
      button("Remove", () => send("remove", { id }), { "aria-label": `Remove ${id}` }),
    ),
  );
  row._draw = (seen, followed) => {
    row.classList.toggle("lab-followed", followed);
    set(name, "aria-pressed", followed);
    state.className = `lab-badge lab-${ALARMS[seen.alarm]}`;
    put(
      state,
      `${SHAPES[seen.alarm]} ${ALARM_WORDS[seen.alarm]}${seen.connected ? "" : seen.cut ? ": cut" : ": no connection"}`,
    );
    put(said, seen.will ? `MQTT: ${seen.will}` : "");
    load.draw(seen.load, seen.demand);
    fuel.draw(seen.fuel);
    network.dataset.act = seen.cut ? "restore" : "cut";
    put(network, seen.cut ? "Restore" : "Cut");
    set(network, "aria-label", `${seen.cut ? "Restore" : "Cut"} the network of ${id}`);
  };
  return row;
}

/** How generators are reached that the table has no room for. */
function finder(send) {
  const id = uid("follow"),
    more = h("p", { class: "lab-quiet" }),
    field = h("input", { id, type: "text", autocomplete: "off", spellcheck: "false" });
  const follow = (event) => {
    event.preventDefault();
    send("follow", { id: field.value.trim() });
  };
  const box = h(
    "form",
    { onsubmit: follow, hidden: true },
    more,
    h(
      "div",
      { class: "lab-row" },
      h("label", { for: id }, "Generator"),
      field,
      button("Follow", null, { type: "submit" }),
    ),
  );
  return {
    box,
    draw(text) {
      box.hidden = !text;
      put(more, text);
    },
  };
}

function buildFleet({ body, model, send }) {
  const down = downLine(),
    map = worldMap(model.get("land") ?? ""),
    hops = hopStrip();
  const events = eventList("What just happened");
  const rows = h("tbody"),
    others = finder(send);
  const table = h(
    "table",
    {},
    h("caption", { class: "lab-aloud" }, "Generators and their controls"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Generator", "State", "Load", "Fuel", "Network and fuel"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    rows,
  );
  body.append(
    down.line,
    h("div", { class: "lab-fleet-top" }, map.picture, h("div", {}, hops.box, events.box)),
    h("div", { class: "lab-scroll" }, table),
    others.box,
    h(
      "div",
      { class: "lab-row" },
      button("Add a generator", () => send("add"), { class: "lab-button lab-primary" }),
    ),
  );
  return (snapshot) => {
    if (!snapshot.generators) return;
    down.draw(snapshot.down);
    map.draw(snapshot);
    hops.draw(snapshot);
    events.draw(snapshot.events, 4);
    keyed(
      rows,
      snapshot.generators,
      (g) => g.id,
      (g) => makeRow(g, send),
      (row, g) => row._draw(g, g.id === snapshot.followed),
    );
    others.draw(snapshot.more);
  };
}

export default panel(buildFleet, { name: "fleet", motion: false, buttons: true });
