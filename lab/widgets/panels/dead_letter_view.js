// @ts-check
// The dead-letter view: what the sink refused, newest first, with the reason it gave.
import { clock, downLine, h, keyed, number, panel, put } from "../common.js";

const COLUMNS = ["Offset", "Time", "Key", "Reason", "Came from", "Record"];

function buildLetters({ body }) {
  const down = downLine(),
    big = h("p"),
    rows = h("tbody");
  const table = h(
    "div",
    { class: "lab-scroll", tabindex: "0", role: "region", "aria-label": "The letters" },
    h(
      "table",
      {},
      h("caption", { class: "lab-aloud" }, "Dead letters, newest first"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          COLUMNS.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      rows,
    ),
  );
  body.append(down.line, big, table);
  return (snapshot) => {
    if (!snapshot.letters) return;
    down.draw(snapshot.down);
    table.hidden = !snapshot.letters.length;
    put(
      big,
      !snapshot.seen
        ? "Not seen yet."
        : snapshot.missing
          ? `There is no topic ${snapshot.topic} yet.`
          : snapshot.letters.length
            ? `${number(snapshot.total)} in ${snapshot.topic}; the newest:`
            : "● No dead letters: the sink took every record.",
    );
    keyed(
      rows,
      snapshot.letters,
      (one) => `${one.partition}/${one.offset}`,
      (one) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", class: "lab-num" }, one.offset),
          h("td", { class: "lab-num" }, clock(one.at)),
          h("td", {}, one.key || "none"),
          h("td", {}, one.reason),
          h("td", {}, one.origin),
          h("td", { class: "lab-mono" }, one.value),
        ),
    );
  };
}

export default panel(buildLetters, { name: "letters" });
