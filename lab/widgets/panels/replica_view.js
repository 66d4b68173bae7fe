// @ts-check
// The replica view: partitions down, brokers across; who leads, who copies, who fell behind.
import { MARKS, downLine, eventList, h, keyed, number, panel, put, set } from "../common.js";

const ROLE_WORDS = { leader: "★ leader", copy: "✓ in sync", behind: "✗ behind", none: "" };

function roleAt(partition, broker) {
  if (!partition.replicas.includes(broker)) return "none";
  if (partition.leader === broker) return "leader";
  return partition.isr.includes(broker) ? "copy" : "behind";
}

function buildReplicas({ body }) {
  const down = downLine(),
    empty = h("p", { class: "lab-quiet", hidden: true }),
    events = eventList("What just happened");
  const head = h("tr"),
    rows = h("tbody");
  body.append(
    down.line,
    empty,
    h(
      "div",
      { class: "lab-scroll" },
      h(
        "table",
        { class: "lab-replicas" },
        h("caption", { class: "lab-aloud" }, "Replicas by partition and broker"),
        h("thead", {}, head),
        rows,
      ),
    ),
    events.box,
  );
  return (snapshot) => {
    if (!snapshot.partitions) return;
    down.draw(snapshot.down);
    empty.hidden = !snapshot.missing;
    put(empty, snapshot.missing ? `There is no topic ${snapshot.topic} yet.` : "");
    const columns = [{ id: "Partition" }, ...snapshot.brokers, { id: "End offset" }];
    keyed(
      head,
      columns,
      (c) => c.id,
      () => h("th", { scope: "col" }),
      (cell, column) =>
        put(
          cell,
          column.state
            ? `${MARKS[column.state]} broker ${column.id}${column.state === "down" ? " (down)" : ""}`
            : column.id,
        ),
    );
    keyed(
      rows,
      snapshot.partitions,
      (p) => p.n,
      () => h("tr"),
      (row, partition) => {
        keyed(
          row,
          columns,
          (c) => c.id,
          (c) => h(c.id === "Partition" ? "th" : "td"),
          (cell, column) => {
            if (column.id === "Partition") {
              set(cell, "scope", "row");
              return put(cell, partition.n);
            }
            if (column.id === "End offset") return put(cell, number(partition.end));
            const role = roleAt(partition, column.id);
            cell.dataset.role = role;
            return put(cell, ROLE_WORDS[role]);
          },
        );
      },
    );
    events.draw(snapshot.events, 6);
  };
}

export default panel(buildReplicas, { name: "replicas" });
