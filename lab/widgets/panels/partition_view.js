// @ts-check
// The partition view: a lane per partition, its newest records left to right in their order.
import { downLine, h, keyed, number, panel, put, set } from "../common.js";

const short = (key) => key.replace(/^generator/, "g") || "no key";

function makeRecord(record) {
  const chip = h(
    "span",
    { class: "lab-record", role: "listitem", style: `border-top-color: ${record.colour}` },
    h("b", {}, short(record.key)),
    h("small", { class: "lab-num" }, `@${record.offset}`),
  );
  const seq = record.seq === null || record.seq === undefined ? "" : `, seq ${record.seq}`;
  set(chip, "title", `${record.key || "no key"}, offset ${record.offset}${seq}\n${record.value}`);
  return chip;
}

function makeLane(lane) {
  return h(
    "div",
    { class: "lab-lane", "data-partition": lane.n },
    h("h3", {}, `Partition ${lane.n}`),
    h("div", {
      class: "lab-records",
      role: "list",
      tabindex: "0",
      "aria-label": `Newest records of partition ${lane.n}`,
    }),
    h("p", { class: "lab-keys lab-quiet" }),
  );
}

function buildPartitions({ body }) {
  const down = downLine(),
    empty = h("p", { class: "lab-quiet", hidden: true }),
    lanes = h("div", {});
  body.append(
    down.line,
    empty,
    lanes,
    h(
      "p",
      { class: "lab-quiet" },
      "Each box is one record: its key and its offset. Newest on the right; order holds within a partition only.",
    ),
  );
  return (snapshot) => {
    if (!snapshot.lanes) return;
    down.draw(snapshot.down);
    empty.hidden = !snapshot.missing;
    put(empty, snapshot.missing ? `There is no topic ${snapshot.topic} yet.` : "");
    keyed(
      lanes,
      snapshot.lanes,
      (lane) => lane.n,
      makeLane,
      (node, lane) => {
        const [, records, keys] = node.children;
        // Newest first in the page and drawn from the right: a row that scrolls begins with its newest in sight.
        keyed(records, [...lane.records].reverse(), (record) => record.offset, makeRecord);
        put(
          keys,
          lane.keys.length
            ? `Keys seen: ${lane.keys.join(", ")}. Next offset ${number(lane.end)}.`
            : "No record seen yet.",
        );
      },
    );
  };
}

export default panel(buildPartitions, { name: "partitions" });
