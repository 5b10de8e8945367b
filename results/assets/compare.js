"use strict";
// Two rows of a leaderboard, side by side. The rows are in the page's address: compare.html#a=ID&b=ID.

const { boards, significant, least, galleries } = JSON.parse(document.getElementById("data").textContent);
const [boardChoice, aChoice, bChoice] = ["board", "a", "b"].map((id) => document.getElementById(id));

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fill(choice, names) {
  choice.replaceChildren(...names.map((name, place) => element("option", name, { value: place })));
}

const signed = (value, decimals) => (value < 0 ? "" : "+") + value.toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
const span = (bounds, shown) => `[${bounds.map(shown).join(", ")}]`;

// The headline's interval and p-value of a − b, as Python computed them; null where they are unknown.
function paired(board, a, b) {
  const found = board.pairs[Math.min(a, b)]?.[Math.abs(a - b) - 1];
  if (!found) return null;
  const [low, high, p] = found;
  return { bounds: a < b ? [low, high] : [-high, -low], p };
}

// The paired intervals of a − b that `posebench compare --save` kept, by group; null where it kept none.
function kept(board, a, b) {
  const found = board.kept.find(([one, other]) => (one === a && other === b) || (one === b && other === a));
  if (!found) return null;
  const turned = ([low, high]) => [-high, -low];
  return found.slice(2).map((group) => group.map((ends) => ends && (found[0] === a ? ends : turned(ends))));
}

// The interval of a − b from those of a and b, as if independent: posebench.scoring.comparison.of_intervals.
function apart([a, lowA, highA], [b, lowB, highB]) {
  if (lowA === undefined || lowB === undefined) return null;
  return [a - b - Math.hypot(a - lowA, highB - b), a - b + Math.hypot(highA - a, b - lowB)];
}

function result(board, a, b) {
  const [scoreA, scoreB] = [a, b].map((row) => headline(board, row));
  if (!scoreA || !scoreB) return `${board.headline}: unknown of one of the rows.`;
  const difference = scoreA[0] - scoreB[0];
  const found = paired(board, a, b);
  const [better, other] = difference < 0 ? [b, a] : [a, b];
  const [best, rest] = [better, other].map((row) => board.rows[row].label);
  const by = Math.abs(difference).toFixed(board.decimals);
  const equal = found && found.bounds.every((end) => end === 0);
  if (!difference) return `${board.headline}: ${equal ? "no difference" : "not resolved"}. ${best} and ${rest} both score ${scoreA[0].toFixed(board.decimals)}.`;
  if (!found) return `${board.headline}: ${best} is better than ${rest} by ${by}; whether that is more than chance is not kept here.`;
  const p = found.p <= least ? `≤ ${least.toFixed(3)}` : `= ${found.p.toFixed(3)}`;
  if (found.p <= significant) return `${board.headline}: resolved. ${best} is better than ${rest} by ${by} (p ${p}).`;
  return `${board.headline}: not resolved. The difference of ${by} between ${best} and ${rest} may be chance (p ${p}).`;
}

const headline = (board, row) => board.rows[row].scores[0][board.groups[0][1].indexOf(board.headline)];

// The interval of a difference as a line, its value as a dot, and zero as a vertical line.
function bar(value, bounds, largest) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const add = (name, attributes) => {
    const made = document.createElementNS(svg.namespaceURI, name);
    for (const [key, its] of Object.entries(attributes)) made.setAttribute(key, its);
    svg.append(made);
  };
  const place = (number) => 80 + (75 * number) / (largest || 1);
  svg.setAttribute("viewBox", "0 0 160 16");
  svg.setAttribute("class", bounds && (bounds[0] > 0 || bounds[1] < 0) ? "difference apart" : "difference");
  svg.setAttribute("aria-hidden", "true");
  add("line", { class: "zero", x1: 80, x2: 80, y1: 0, y2: 16 });
  if (bounds) add("line", { class: "interval", x1: place(bounds[0]), x2: place(bounds[1]), y1: 8, y2: 8 });
  add("circle", { cx: place(value), cy: 8, r: 3.5 });
  return svg;
}

function group(board, number, a, b) {
  const [title, names] = board.groups[number];
  const held = kept(board, a, b)?.[number];
  const rows = names.map((name, place) => {
    const [one, other] = [a, b].map((row) => board.rows[row].scores[number][place]);
    const main = number === 0 && name === board.headline;
    const found = main ? paired(board, a, b) : null;
    const bounds = main ? (found && found.bounds) : held ? held[place] : one && other ? apart(one, other) : null;
    return { name, one, other, main, bounds, value: one && other ? one[0] - other[0] : null };
  }).filter(({ one, other }) => one || other);
  if (!rows.length) return [];
  const largest = Math.max(...rows.flatMap(({ value, bounds }) => [value ?? 0, ...(bounds ?? [])].map(Math.abs)));
  const table = element("table");
  const head = table.createTHead().insertRow();
  table.prepend(element("caption", title));
  const allPaired = held || rows.every(({ main }) => main);
  for (const name of [title, "A", "B", "A − B", allPaired ? "95 %" : "95 %, not paired"]) {
    head.append(element("th", name, { scope: "col", class: name === title ? "name" : "number" }));
  }
  const body = table.createTBody();
  const shown = (score) => (score ? score[0].toFixed(board.decimals) : "–");
  for (const { name, one, other, main, bounds, value } of rows) {
    const row = body.insertRow();
    if (main) row.className = "headline";
    row.append(element("th", name, { scope: "row", class: "name" }));
    for (const text of [shown(one), shown(other), value === null ? "–" : signed(value, board.decimals)]) row.append(element("td", text, { class: "number" }));
    const [cell, ends, text] = [element("td", "", { class: "number" }), element("div", "", { class: "ends" }), element("span")];
    if (bounds) text.append(span(bounds, (end) => signed(end, board.decimals)));
    if (bounds && main && !allPaired) text.append(element("small", "paired"));
    ends.append(text);
    if (value !== null) ends.append(bar(value, bounds, largest));
    cell.append(ends);
    row.append(cell);
  }
  const scroll = element("div", "", { class: "scroll", tabindex: 0, role: "region", "aria-label": title });
  scroll.append(table);
  return [scroll];
}

// The galleries of the people on whom records of the two rows differ most.
function people(rowA, rowB) {
  const found = galleries.filter(([one, other]) => [[one, other], [other, one]].some(([a, b]) => rowA.ids.includes(a) && rowB.ids.includes(b)));
  return found.map(([, , address]) => {
    const [figure, link] = [element("figure"), element("a", "", { href: address })];
    const alt = "The people on whom A and B differ most: photographs with predicted and annotated skeletons";
    link.append(element("img", "", { src: address, alt, loading: "lazy" }));
    figure.append(link, element("figcaption", "The people on whom A and B differ most."));
    return figure;
  });
}

function show() {
  const board = boards[boardChoice.value];
  const [a, b] = [aChoice, bChoice].map((choice) => Number(choice.value));
  const [rowA, rowB] = [board.rows[a], board.rows[b]];
  document.getElementById("result").textContent = a === b ? "A and B are the same row." : result(board, a, b);
  document.getElementById("synthetic").hidden = !board.synthetic;
  const links = [["A", rowA], ["B", rowB]].map(([letter, row]) => [`${letter}: `, element("a", row.name, { href: `pages/${row.ids[0]}.html` }), " · "]);
  document.getElementById("pages").replaceChildren(...links.flat(), element("a", board.title, { href: `index.html#${board.slug}` }));
  document.getElementById("scores").replaceChildren(...board.groups.flatMap((_, number) => (a === b ? [] : group(board, number, a, b))));
  document.getElementById("paired").hidden = a === b || !kept(board, a, b);
  document.getElementById("unpaired").hidden = a === b || Boolean(kept(board, a, b));
  document.getElementById("galleries").replaceChildren(...people(rowA, rowB));
  history.replaceState(null, "", `#a=${rowA.ids[0]}&b=${rowB.ids[0]}`);
}

function choose(board, a, b) {
  boardChoice.value = board;
  for (const [choice, row] of [[aChoice, a], [bChoice, b]]) {
    fill(choice, boards[board].rows.map((one) => one.name));
    choice.value = row;
  }
  show();
}

// Rows by the ids in the address; the two best ones of the first leaderboard without.
function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const row = (board, id) => board.rows.findIndex((one) => one.ids.includes(id));
  const place = Math.max(0, boards.findIndex((board) => board.slug === asked.get("board") || row(board, asked.get("a")) >= 0));
  const [a, b] = ["a", "b"].map((name) => row(boards[place], asked.get(name)));
  const first = a >= 0 ? a : 0;
  choose(place, first, b >= 0 ? b : first === 0 ? 1 : 0);
}

fill(boardChoice, boards.map((board) => board.title));
boardChoice.addEventListener("change", () => choose(boardChoice.value, 0, 1));
for (const choice of [aChoice, bChoice]) choice.addEventListener("change", show);
document.getElementById("swap").addEventListener("click", () => choose(boardChoice.value, bChoice.value, aChoice.value));
addEventListener("hashchange", read);
read();
