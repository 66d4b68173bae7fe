// The fleet panel: a map of the fleet, the followed generator's reading hop by hop, and a table of controls.

const SHAPES = { ok: "●", refuel: "▲", offline: "■" };
const ALARMS = { ok: "ready", refuel: "slow", offline: "lost" };
const ALARM_WORDS = { ok: "well", refuel: "needs fuel", offline: "offline" };
const HANDS_OFF_MS = 1500; // After a touch the slider belongs to the learner until the fleet has caught up.
const SEND_EVERY_MS = 200;
const TANK = 1000;

function worldMap(land) {
  const picture = s("svg", { class: "lab-world", viewBox: "-170 -78 345 138", role: "img" },
    s("path", { class: "lab-land", d: land }));
  const title = s("title");
  const dots = s("g");
  picture.prepend(title);
  picture.append(dots);
  return { picture, draw(snapshot) {
    const count = { ok: 0, refuel: 0, offline: 0 };
    snapshot.dots.forEach(([, , , alarm]) => { count[alarm] += 1; });
    put(title, `Map of the fleet: ${count.ok} well, ${count.refuel} need fuel, ${count.offline} offline`);
    keyed(dots, snapshot.dots, (dot) => dot[0], () => s("text", { "text-anchor": "middle" }), (node, [id, lat, lon, alarm]) => {
      set(node, "x", lon);
      set(node, "y", 3 - lat);
      set(node, "class", `lab-site lab-${ALARMS[alarm]}${id === snapshot.followed ? " lab-followed" : ""}`);
      put(node, SHAPES[alarm]);
    });
  } };
}

/** The reading of one generator on its way: the same number should appear hop after hop. */
function hopStrip() {
  const title = h("h3"), list = h("ol", { class: "lab-hops" });
  const box = h("div", { class: "lab-follow-box" }, title, list);
  return { box, draw(snapshot) {
    put(title, snapshot.followed ? `Following ${snapshot.followed}` : "No generator yet");
    keyed(list, snapshot.hops, (hop) => hop.hop,
      () => h("li", {}, h("span", { class: "lab-hop-name" }), h("strong", { class: "lab-num" }), h("span", { class: "lab-hop-age lab-num" })),
      (node, hop) => {
        const [name, value, age] = node.children;
        put(name, hop.hop);
        put(value, hop.load === null ? "-" : `${number(hop.load, 1)} %`);
        put(age, hop.age === null ? hop.place : hop.hop === "device" ? hop.place : `${number(hop.age)} s old; ${hop.place}`);
        node.dataset.hop = hop.hop;
      });
  } };
}

/** A slider that sends while it moves, a few times a second, and once more when it is let go. */
function loadSlider(id, send) {
  let timer = null, touched = 0;
  const out = h("output", { class: "lab-num" });
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": `Load of ${id} in percent` });
  const go = () => { timer = null; send("set_load", { id, percent: Number(slider.value) }); };
  slider.addEventListener("input", () => {
    touched = Date.now();
    put(out, `${slider.value} %`);
    timer ??= setTimeout(go, SEND_EVERY_MS);
  });
  const node = h("span", { class: "lab-load" }, slider, out);
  return { node, draw(load) {
    if (Date.now() - touched < HANDS_OFF_MS) return;
    slider.value = Math.round(load);
    put(out, `${number(load)} %`);
  } };
}

function fuelBar(id) {
  const bar = h("meter", { min: 0, max: TANK, low: 500, optimum: TANK, "aria-label": `Fuel of ${id} in litres` });
  const text = h("span", { class: "lab-num" });
  return { node: h("span", { class: "lab-fuel" }, bar, text), draw(fuel) { bar.value = fuel; put(text, `${number(fuel)} l`); } };
}

function makeRow(generator, send) {
  const { id } = generator;
  const name = button(id, () => send("follow", { id }), { class: "lab-link", title: `Follow ${id} down the pipeline` });
  const load = loadSlider(id, send), fuel = fuelBar(id);
  const state = h("span", { class: "lab-badge" }), said = h("span", { class: "lab-said" });
  const network = button("Cut", () => send(network.dataset.act, { id }), { "data-act": "cut" });
  const row = h("tr", { "data-generator": id }, h("th", { scope: "row" }, name), h("td", {}, state, said), h("td", {}, load.node), h("td", {}, fuel.node),
    h("td", { class: "lab-acts" }, network,
      button("Refuel", () => send("refuel", { id }), { "aria-label": `Refuel ${id}` }),
      button("Remove", () => send("remove", { id }), { "aria-label": `Remove ${id}` })));
  row._draw = (seen, followed) => {
    row.classList.toggle("lab-followed", followed);
    set(name, "aria-pressed", followed);
    state.className = `lab-badge lab-${ALARMS[seen.alarm]}`;
    put(state, `${SHAPES[seen.alarm]} ${ALARM_WORDS[seen.alarm]}`);
    put(said, seen.will ? `MQTT: ${seen.will}` : "");
    load.draw(seen.load);
    fuel.draw(seen.fuel);
    network.dataset.act = seen.connected ? "cut" : "restore";
    put(network, seen.connected ? "Cut" : "Restore");
    set(network, "aria-label", `${seen.connected ? "Cut" : "Restore"} the network of ${id}`);
  };
  return row;
}

function buildFleet({ body, model, send }) {
  const lost = lostLine(), map = worldMap(model.get("land") ?? ""), hops = hopStrip();
  const events = eventList("What just happened");
  const rows = h("tbody"), hidden = h("p", { class: "lab-quiet", hidden: true });
  const table = h("table", {}, h("caption", { class: "lab-aloud" }, "Generators and their controls"),
    h("thead", {}, h("tr", {}, ["Generator", "State", "Load", "Fuel", "Network and fuel"].map((name) => h("th", { scope: "col" }, name)))), rows);
  body.append(lost.line, h("div", { class: "lab-fleet-top" }, map.picture, h("div", {}, hops.box, events.box)),
    h("div", { class: "lab-scroll" }, table), hidden,
    h("div", { class: "lab-row" }, button("Add a generator", () => send("add"), { class: "lab-button lab-primary" })));
  return (snapshot) => {
    if (!snapshot.generators) return;
    lost.draw(snapshot.lost);
    map.draw(snapshot);
    hops.draw(snapshot);
    events.draw(snapshot.events, 4);
    keyed(rows, snapshot.generators, (g) => g.id, (g) => makeRow(g, send), (row, g) => row._draw(g, g.id === snapshot.followed));
    hidden.hidden = !snapshot.hidden;
    put(hidden, snapshot.hidden ? `and ${snapshot.hidden} more` : "");
  };
}

export default panel(buildFleet, { name: "fleet", motion: false });
