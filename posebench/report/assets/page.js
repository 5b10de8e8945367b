"use strict";
// Sorting, filter and choice of columns, by DataTables. Without this script, tables are as they were ranked.

const FEW = 8; // rows that need no filter
const MOST = 100; // rows shown at once

// Scores, counts, intervals and ranks as shown. What is unknown comes last in either direction.
const number = (cell) => Number.parseFloat(String(cell).replace(/,/g, ""));
const order = (sign) => (a, b) =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : sign * (a - b);
DataTable.type("score", "order", { pre: number, asc: order(1), desc: order(-1) });

// A list of the columns, each with a box that shows or hides it.
function columnChoice(settings) {
  const table = new DataTable.Api(settings);
  const [choice, summary, list] = ["details", "summary", "fieldset"].map((name) => document.createElement(name));
  choice.className = "columns";
  summary.textContent = "Columns";
  list.setAttribute("aria-label", "Columns that are shown");
  choice.append(summary, list);
  choice.addEventListener("toggle", () => {
    if (list.childElementCount) return;
    table.columns().every(function () {
      if (this.header().classList.contains("name")) return;
      const [label, box] = ["label", "input"].map((name) => document.createElement(name));
      box.type = "checkbox";
      box.checked = this.visible();
      box.addEventListener("change", () => this.visible(box.checked));
      label.append(box, this.title());
      list.append(label);
    });
  });
  return choice;
}

function enhance(element) {
  const rows = element.tBodies[0].rows.length;
  const chosen = element.classList.contains("board");
  if (rows < 2 && !chosen) return;
  const box = element.closest(".scroll");
  const table = new DataTable(element, {
    autoWidth: false,
    columnDefs: [{ targets: ".number", type: "score", orderSequence: ["desc", "asc", ""] }],
    language: { search: "Filter", info: "_START_–_END_ of _TOTAL_ rows", infoFiltered: "(of _MAX_)", infoEmpty: "No row", zeroRecords: "No row has this text." },
    layout: {
      topStart: rows > FEW ? "search" : null,
      topEnd: chosen ? columnChoice : null,
      bottomStart: rows > FEW ? "info" : null,
      bottomEnd: rows > MOST ? "paging" : null,
    },
    order: [],
    ordering: rows > 1,
    pageLength: MOST,
    paging: rows > MOST,
  });
  // Lines between groups of rows belong to the ranked order.
  table.on("order", () => element.classList.toggle("reordered", table.order().some(([, direction]) => direction)));
  // Filter and pages stay in place while the table scrolls.
  const inner = element.parentElement;
  for (const name of ["role", "tabindex", "aria-label"]) inner.setAttribute(name, box.getAttribute(name));
  inner.classList.add("scroll");
  box.replaceWith(...box.childNodes);
}

for (const element of document.querySelectorAll("table.board, table.sorted")) {
  // Tables in closed parts wait until they are seen.
  const closed = element.closest("details:not([open])");
  if (closed) closed.addEventListener("toggle", () => enhance(element), { once: true });
  else enhance(element);
}
document.documentElement.dataset.ready = "";
