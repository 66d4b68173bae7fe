// @ts-check
// The lag view: the group's lag over five minutes as a line, rebalances as dashed marks, lag per partition as bars.
import { downLine, eventList, h, keyed, number, panel, put, s, set } from "../common.js";

const SPAN_S = 300,
  WIDE = 640,
  HIGH = 190,
  LEFT = 52,
  BOTTOM = 24,
  TOP = 12;

/** A round number at or above the highest value, so that the axis is easy to read. */
function ceiling(value) {
  if (value <= 10) return 10;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

/** Null is a lag that nobody can know now: nothing committed yet, or no leader to say where a partition ends. */
const records = (lag) => (lag === null ? "unknown" : `${number(lag)} records`);

function chart() {
  const line = s("path", { class: "lab-lag-line" }),
    area = s("path", { class: "lab-lag-area" });
  const marks = s("g"),
    grid = s("g"),
    title = s("title");
  const picture = s(
    "svg",
    { class: "lab-chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" },
    title,
    grid,
    area,
    line,
    marks,
  );
  const across = (seconds) => LEFT + ((SPAN_S + seconds) / SPAN_S) * (WIDE - LEFT - 18);
  for (const seconds of [-300, -240, -180, -120, -60, 0]) {
    grid.append(
      s(
        "text",
        { x: across(seconds), y: HIGH - 7, class: "lab-tick", "text-anchor": "middle" },
        seconds ? `${seconds / 60} min` : "now",
      ),
    );
  }
  const levels = s("g");
  grid.append(levels);
  return {
    picture,
    draw(snapshot) {
      const points = snapshot.history,
        top = ceiling(Math.max(0, ...points.map(([, value]) => value)));
      const up = (value) => HIGH - BOTTOM - (value / top) * (HIGH - BOTTOM - TOP);
      keyed(
        levels,
        [0, 0.5, 1],
        (part) => part,
        () => s("g", {}, s("line", { class: "lab-level" }), s("text", { class: "lab-tick", "text-anchor": "end" })),
        (node, part) => {
          const y = up(part * top);
          for (const [name, value] of [
            ["x1", LEFT],
            ["x2", WIDE - 18],
            ["y1", y],
            ["y2", y],
          ])
            set(node.children[0], name, value);
          set(node.children[1], "x", LEFT - 6);
          set(node.children[1], "y", y + 4);
          put(node.children[1], number(part * top));
        },
      );
      const path = points.map(([at, value]) => `${across(at).toFixed(1)} ${up(value).toFixed(1)}`).join("L");
      set(line, "d", points.length ? `M${path}` : "");
      set(
        area,
        "d",
        points.length ? `M${across(points[0][0])} ${up(0)}L${path}L${across(points.at(-1)[0])} ${up(0)}Z` : "",
      );
      put(title, `Lag of ${snapshot.group} over five minutes, now ${records(snapshot.total)}`);
      keyed(
        marks,
        snapshot.marks,
        ([at, text]) => `${Math.round(at)} ${text}`,
        () => s("g", {}, s("line", { class: "lab-mark" }), s("text", { class: "lab-mark-text" }, "R")),
        (node, [at]) => {
          const x = across(at);
          for (const [name, value] of [
            ["x1", x],
            ["x2", x],
            ["y1", TOP],
            ["y2", HIGH - BOTTOM],
          ])
            set(node.children[0], name, value);
          set(node.children[1], "x", x + 3);
          set(node.children[1], "y", TOP + 9);
        },
      );
    },
  };
}

function buildLag({ body }) {
  const down = downLine(),
    big = h("p", { class: "lab-big lab-num" }),
    state = h("p", { class: "lab-quiet" });
  const picture = chart(),
    bars = h("ul", { class: "lab-bars" }),
    members = h("ul", { class: "lab-list" });
  const events = eventList("Rebalances (marked R)");
  body.append(
    down.line,
    h("div", { class: "lab-lag-top" }, big, state),
    picture.picture,
    h(
      "div",
      { class: "lab-lag-more" },
      h("div", {}, h("h3", {}, "Lag by partition"), bars),
      h("div", {}, h("h3", {}, "Members"), members, events.box),
    ),
  );
  return (snapshot) => {
    if (!snapshot.partitions) return;
    down.draw(snapshot.down);
    put(big, snapshot.total === null ? "lag unknown" : `${number(snapshot.total)} records behind`);
    put(state, `group is ${snapshot.state}`);
    picture.draw(snapshot);
    const most = Math.max(1, ...snapshot.partitions.map((p) => p.lag ?? 0));
    keyed(
      bars,
      snapshot.partitions,
      (p) => p.place,
      () => h("li", {}, h("span"), h("span", { class: "lab-bar" }, h("i")), h("span", { class: "lab-num" })),
      (node, p) => {
        put(node.children[0], p.place);
        node.querySelector("i").style.width = `${(100 * (p.lag ?? 0)) / most}%`;
        put(node.children[2], p.lag === null ? "unknown" : number(p.lag));
      },
    );
    keyed(
      members,
      snapshot.members,
      (m) => m.name,
      () => h("li"),
      (node, m) =>
        put(node, `${m.name}: ${m.places.map((place) => place.split("/").at(-1)).join(", ") || "no partition"}`),
    );
    events.draw(snapshot.events, 5);
  };
}

export default panel(buildLag, { name: "lag" });
