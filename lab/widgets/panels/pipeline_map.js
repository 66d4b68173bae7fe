// @ts-check
// The pipeline map: a ring of cards with arrows between them, Kafka's brokers across the middle.
// Cards are laid out by the style sheet; arrows are drawn from where the cards then lie.
import { MARKS, STATES, breakable, eventList, h, keyed, number, panel, put, rate, s, set } from "../common.js";

const PLACES = ["fleet", "proxy", "sink", "raw", "task", "downsampled", "source", "dispatcher"];
// From card and side to card and side; `flow` names the rate, `shift` moves the foot along Kafka's wide edge.
const ARROWS = [
  { flow: "fleet", from: ["fleet", "left"], to: ["proxy", "right"], say: "MQTT" },
  { flow: "proxy", from: ["proxy", "bottom"], to: ["kafka", "top"], say: "readings" },
  { flow: "sink", from: ["kafka", "bottom"], to: ["sink", "top"], say: "readings" },
  { flow: "raw", from: ["sink", "bottom"], to: ["raw", "top"], say: "points" },
  { flow: "raw", quiet: true, from: ["raw", "right"], to: ["task", "left"] },
  { flow: "task", from: ["task", "right"], to: ["downsampled", "left"] },
  { flow: "task", quiet: true, from: ["downsampled", "top"], to: ["source", "bottom"], say: "rows" },
  { flow: "alarms", from: ["source", "top"], to: ["kafka", "bottom"], say: "alarms" },
  { flow: "dispatch", from: ["kafka", "top"], to: ["dispatcher", "bottom"], say: "alarms" },
  { flow: "dispatch", quiet: true, from: ["dispatcher", "left"], to: ["fleet", "right"], say: "fuel" },
];
const MOST_DOTS = 5;
const ROOM_FOR_LABEL = 46; // Pixels of an arrow between two cards; the card says the rate as well.

function makeCard(id) {
  const mark = h("span", { class: "lab-mark-of", "aria-hidden": "true" }),
    word = h("span");
  const state = h("span", { class: "lab-aloud" });
  const title = h("h3", { class: "lab-card-title" }, mark, word, state);
  const lines = h("div", { class: "lab-card-lines" });
  const remedy = h("p", { class: "lab-remedy", hidden: true });
  const why = h("p", { class: "lab-mono" });
  const details = h("details", { class: "lab-why", hidden: true }, h("summary", {}, "Why"), why);
  const node = h("article", { class: `lab-card lab-at-${id}` }, title, lines, remedy, details);
  return {
    node,
    draw(card) {
      node.dataset.state = card.state;
      put(mark, MARKS[card.state]);
      if (word.textContent !== card.title) word.replaceChildren(...breakable(card.title));
      put(state, `: ${STATES[card.state]}`);
      keyed(
        lines,
        card.lines.map((text, n) => ({ text, n })),
        (l) => l.n,
        () => h("p"),
        (p, l) => put(p, l.text),
      );
      remedy.hidden = !card.remedy;
      put(remedy, card.remedy);
      details.hidden = !card.detail;
      put(why, card.detail);
    },
  };
}

function makeCell(partition) {
  return h("span", { class: "lab-cell", role: "img" }, String(partition.n));
}

/** Role of one broker in one partition: it leads, copies in sync, lags behind, or holds none. */
function roleOf(partition, broker) {
  if (!partition.replicas.includes(broker)) return "none";
  if (partition.leader === broker) return "leader";
  return partition.isr.includes(broker) ? "copy" : "behind";
}

const ROLES = { leader: "leader", copy: "in-sync copy", behind: "out of sync", none: "no copy" };

function drawTopic(row, topic, broker) {
  put(row.firstChild, topic.short);
  keyed(
    row.lastChild,
    topic.partitions,
    (p) => p.n,
    makeCell,
    (cell, partition) => {
      const role = roleOf(partition, broker);
      cell.dataset.role = role;
      set(cell, "aria-label", `partition ${partition.n}: ${ROLES[role]}`);
    },
  );
}

function drawBroker(node, broker, topics) {
  node.dataset.state = broker.state;
  const [head, rows, remedy] = node.children;
  const word = { ready: "up", down: "down" }[broker.state];
  put(head, `${MARKS[broker.state]} broker ${broker.id} ${word}`);
  keyed(
    rows,
    topics,
    (t) => t.name,
    () => h("div", { class: "lab-topic" }, h("span", { class: "lab-topic-name" }), h("span", { class: "lab-cells" })),
    (row, topic) => drawTopic(row, topic, broker.id),
  );
  remedy.hidden = broker.state !== "down" || !broker.remedy;
  put(remedy, broker.remedy);
}

function kafkaCard() {
  const card = makeCard("kafka");
  const brokers = h("div", { class: "lab-brokers" });
  const legend = h(
    "p",
    { class: "lab-legend" },
    h("span", { class: "lab-cell", "data-role": "leader", "aria-hidden": "true" }, "n"),
    " leads partition n  ",
    h("span", { class: "lab-cell", "data-role": "copy", "aria-hidden": "true" }, "n"),
    " in-sync copy  ",
    h("span", { class: "lab-cell", "data-role": "behind", "aria-hidden": "true" }, "n"),
    " out of sync",
  );
  card.node.append(brokers, legend);
  return {
    node: card.node,
    draw(snapshot) {
      card.draw(snapshot.nodes.find((n) => n.id === "kafka"));
      keyed(
        brokers,
        snapshot.brokers,
        (b) => b.id,
        () => h("div", { class: "lab-broker" }, h("h4"), h("div"), h("p", { class: "lab-remedy", hidden: true })),
        (node, broker) => drawBroker(node, broker, snapshot.topics),
      );
    },
  };
}

/** Where an arrow touches a card; on Kafka's wide card, right above or below the card at the other end. */
function touch(rects, [id, side], [other]) {
  const box = rects[id],
    far = rects[other];
  const middle = id === "kafka" ? far.left + far.width / 2 : box.left + box.width / 2;
  return {
    top: [middle, box.top],
    bottom: [middle, box.bottom],
    left: [box.left, box.top + box.height / 2],
    right: [box.right, box.top + box.height / 2],
  }[side];
}

function arrowLayer() {
  const layer = s("svg", { class: "lab-arrows", "aria-hidden": "true" });
  const parts = ARROWS.map((arrow) => {
    const line = s("path", { class: "lab-arrow" }),
      head = s("path", { class: "lab-head" });
    const label = s("text", { class: "lab-flow" }),
      dots = s("g", { class: "lab-dots" });
    layer.append(line, head, dots, label);
    return { arrow, line, head, label, dots };
  });
  return { layer, parts };
}

function placeArrow(part, rects) {
  const [from, to] = [part.arrow.from, part.arrow.to];
  const [x1, y1] = touch(rects, from, to),
    [x2, y2] = touch(rects, to, from);
  const length = Math.hypot(x2 - x1, y2 - y1) || 1,
    dx = (x2 - x1) / length,
    dy = (y2 - y1) / length;
  const [tx, ty] = [x2 - 3 * dx, y2 - 3 * dy];
  const path = `M ${x1 + 2 * dx} ${y1 + 2 * dy} L ${tx} ${ty}`;
  set(part.line, "d", path);
  set(
    part.head,
    "d",
    `M ${tx} ${ty} L ${tx - 8 * dx - 4 * dy} ${ty - 8 * dy + 4 * dx} L ${tx - 8 * dx + 4 * dy} ${ty - 8 * dy - 4 * dx} Z`,
  );
  const flat = Math.abs(dx) > Math.abs(dy);
  part.label.style.display = flat && length < ROOM_FOR_LABEL ? "none" : "";
  set(part.label, "x", flat ? (x1 + x2) / 2 : x1 + 9);
  set(part.label, "y", flat ? y1 - 7 : (y1 + y2) / 2 + 4);
  set(part.label, "text-anchor", flat ? "middle" : "start");
  part.dots.style.setProperty("--lab-path", `path("${path}")`);
}

/** As many dots as the rate has digits: one reading a second and a thousand look different, both stay calm. */
function drawFlow(part, flows) {
  const value = flows[part.arrow.flow];
  const count = value > 0 ? Math.min(MOST_DOTS, 1 + Math.floor(Math.log10(1 + value) * 1.4)) : 0;
  const words = part.arrow.quiet ? [part.arrow.say] : [part.arrow.say, rate(value)];
  put(part.label, words.filter(Boolean).join(" "));
  part.line.dataset.flowing = value > 0;
  while (part.dots.childElementCount > count) part.dots.lastChild.remove();
  while (part.dots.childElementCount < count) part.dots.append(s("circle", { r: 3.4, class: "lab-dot" }));
  [...part.dots.children].forEach((dot, n) => {
    dot.style.animationDelay = `${(-2.4 * n) / count}s`;
  });
}

function followBox() {
  const title = h("h3"),
    list = h("div", { class: "lab-follow-rows" });
  const box = h("div", { class: "lab-follow" }, title, list);
  return {
    box,
    draw(follow) {
      box.hidden = !follow?.rows?.length;
      put(title, `Load of ${follow?.name}`);
      keyed(
        list,
        follow?.rows ?? [],
        (r) => r.bucket,
        () => h("p", { class: "lab-num" }),
        (p, r) => put(p, `${r.bucket}: ${number(r.load, 1)} %, ${number(Math.max(0, r.age))} s old`),
      );
    },
  };
}

function buildMap({ body, root, onEnd }) {
  const grid = h("div", { class: "lab-map" }),
    arrows = arrowLayer();
  const kafka = kafkaCard(),
    cards = Object.fromEntries(PLACES.map((id) => [id, makeCard(id)]));
  const events = eventList("What just happened", { tabindex: "0", role: "group", "aria-label": "What just happened" }),
    follow = followBox();
  grid.append(
    arrows.layer,
    cards.fleet.node,
    cards.proxy.node,
    events.box,
    kafka.node,
    cards.sink.node,
    cards.raw.node,
    cards.task.node,
    cards.downsampled.node,
    cards.source.node,
    cards.dispatcher.node,
  );
  body.append(grid, follow.box);
  const nodes = { kafka: kafka.node, ...Object.fromEntries(PLACES.map((id) => [id, cards[id].node])) };
  const place = () => {
    const origin = grid.getBoundingClientRect();
    if (!origin.width) return;
    const rects = Object.fromEntries(
      Object.entries(nodes).map(([id, node]) => {
        const box = node.getBoundingClientRect();
        return [
          id,
          {
            left: box.left - origin.left,
            right: box.right - origin.left,
            top: box.top - origin.top,
            bottom: box.bottom - origin.top,
            width: box.width,
            height: box.height,
          },
        ];
      }),
    );
    arrows.parts.forEach((part) => placeArrow(part, rects));
  };
  const observer = new ResizeObserver(place);
  [grid, ...Object.values(nodes)].forEach((node) => observer.observe(node));
  onEnd(() => observer.disconnect());
  return (snapshot) => {
    root.classList.toggle("lab-empty", !snapshot.nodes);
    if (!snapshot.nodes) return;
    for (const card of snapshot.nodes) if (cards[card.id]) cards[card.id].draw(card);
    kafka.draw(snapshot);
    events.draw(snapshot.events, 12);
    follow.draw(snapshot.follow);
    arrows.parts.forEach((part) => drawFlow(part, snapshot.flows));
  };
}

export default panel(buildMap, { name: "map", motion: true });
