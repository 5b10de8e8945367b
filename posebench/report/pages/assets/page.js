"use strict";
// Sorting, filter and choice of columns, by DataTables. Without this script, tables are as they were ranked.

const FEW = 8; // rows that need no filter
const MOST = 100; // rows shown at once; page.css has it too

// Scores, counts, intervals and ranks as shown. What is unknown comes last in either direction.
const number = (cell) => Number.parseFloat(String(cell).replace(/,/g, ""));
const order = (sign) => (a, b) =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : sign * (a - b);
DataTable.type("score", "order", { pre: number, asc: order(1), desc: order(-1) });

// An element of a page, with properties and children.
function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const heading = (column) => column.header().querySelector(".dt-column-title").innerText;

// A list of the columns, each with a box that shows or hides it.
function columnChoice(settings) {
  const table = new DataTable.Api(settings);
  const list = make("fieldset", { ariaLabel: "Columns that are shown" });
  const choice = make("details", { className: "columns" }, make("summary", { textContent: "Columns" }), list);
  choice.addEventListener("toggle", () => {
    if (list.childElementCount) return;
    table.columns().every(function () {
      if (this.header().classList.contains("name")) return;
      const box = make("input", { type: "checkbox", checked: this.visible() });
      box.addEventListener("change", () => this.visible(box.checked));
      list.append(make("label", {}, box, heading(this)));
    });
  });
  return choice;
}

// What hovering over a row shows, for keyboard and touch.
const details = document.body.appendChild(make("div", { className: "details", popover: "auto" }));
function showDetails(table, row) {
  const name = row.querySelector("th.name");
  const cells = table.cells(row, "*").nodes().toArray().filter((cell) => cell.title && cell !== name);
  const lines = cells.map((cell) =>
    make("tr", {}, make("th", { scope: "row", textContent: heading(table.column(cell)) }),
      make("td", { className: "number", textContent: cell.textContent }), make("td", { textContent: cell.title })));
  details.replaceChildren(make("h2", { textContent: name.dataset.name }), make("p", { textContent: name.title }),
    make("table", {}, make("tbody", {}, ...lines)));
  details.showPopover();
}
function addDetails(table) {
  for (const row of table.rows({ page: "current" }).nodes().toArray()) {
    const name = row.querySelector("th.name");
    if (name.dataset.name) continue;
    name.dataset.name = name.firstChild.textContent.trim();
    const ariaLabel = `Intervals and sources of ${name.dataset.name}`;
    const button = make("button", { type: "button", className: "more", ariaLabel });
    button.addEventListener("click", () => showDetails(table, row));
    name.append(button);
  }
}

function enhance(element) {
  const rows = element.tBodies[0].rows.length;
  const board = element.classList.contains("board");
  if (rows < 2 && !board) return;
  const box = element.closest(".scroll");
  const table = new DataTable(element, {
    autoWidth: false,
    columnDefs: [{ targets: ".number", type: "score", orderSequence: ["desc", "asc", ""] }],
    language: { search: "Filter", info: "_START_–_END_ of _TOTAL_ rows", infoFiltered: "(of _MAX_)", infoEmpty: "No row", zeroRecords: "No row has this text." },
    layout: {
      topStart: rows > FEW ? "search" : null,
      topEnd: board ? columnChoice : null,
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
  if (board) {
    addDetails(table);
    table.on("draw", () => addDetails(table));
  }
  // Filter and pages stay in place while the table scrolls.
  const inner = element.parentElement;
  for (const name of ["role", "tabindex", "aria-label"]) inner.setAttribute(name, box.getAttribute(name));
  inner.classList.add("scroll");
  box.replaceWith(...box.childNodes);
}

// The first table at once, others when the browser has time. Tables in closed parts wait until they are seen.
const waiting = [];
for (const element of document.querySelectorAll("table.board, table.sorted")) {
  const closed = element.closest("details:not([open])");
  if (closed) closed.addEventListener("toggle", () => enhance(element), { once: true });
  else waiting.push(element);
}
function next() {
  const element = waiting.shift();
  if (element) enhance(element);
  if (waiting.length) setTimeout(next);
  else performance.mark("tables ready");
}
next();

// A click shows the full size of the picture that is seen, the light or the dark one.
for (const link of document.querySelectorAll("figure a"))
  link.addEventListener("click", () => { link.href = link.querySelector("img").currentSrc; });
for (const button of document.querySelectorAll(".zoom"))
  button.addEventListener("click", () => { button.ariaPressed = String(button.ariaPressed !== "true"); });
