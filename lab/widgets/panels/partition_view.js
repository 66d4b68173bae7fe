// @ts-check
// The partition view: a lane per partition, its newest records left to right in their order.
import { downLine, h, keyed, number, panel, put, set } from "../common.js";

const TONES = 6;

/** A key keeps its tone everywhere; the key itself is written on the record, so that no colour must be told apart. */
function toneOf(key) {
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % TONES;
}

const short = (key) => key.replace(/^generator/, "g") || "no key";

function makeRecord(record) {
  const chip = h(
    "span",
    { class: `lab-record lab-tone-${toneOf(record.key)}`, role: "listitem" },
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
        const atEnd = records.scrollLeft + records.clientWidth >= records.scrollWidth - 30;
        keyed(records, lane.records, (record) => record.offset, makeRecord);
        if (atEnd) records.scrollLeft = records.scrollWidth;
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
