// Numbers: rounds, confusion with its clips, agreement of two sides, rates and shares.

import { el, fill, shown, table, two } from "./dom.js";
import { about } from "./state.js";
import { get, trying } from "./api.js";
import { coding } from "./coding.js";
import { showWall } from "./wall.js";

let sides = null, grouped = "label";

export async function showNumbers(wide) {
  const wall = el("div", { id: "wall-place" }), agreement = el("section", {}), rates = el("section", {});
  fill(wide, el("div", { className: "numbers" }, roundTable(wall), agreement, rates), wall);
  await Promise.all([showAgreement(agreement, wall), showRates(rates)]);
}

function roundTable(wall) {
  const rows = coding.rounds.map((round) => [round.number, round.coded, round.corrected.accepted, round.corrected.edited, round.corrected.rejected,
    round.suggested, two(round.f1), two(round.kappa), round.advice]);
  return el("section", {}, el("h2", {}, "What the rounds were worth"),
    el("p", { className: "quiet" }, "Event F1 (one to one, IoU 0.3) and kappa (EasyDIAg) against you, on people that were held out of learning; in what you looked through, or near what you coded."),
    rows.length ? table([["round", "coded", "accepted", "edited", "rejected", "suggested", "event F1", "kappa", "another round?"], ...rows])
      : el("p", {}, "No round yet: code a few gestures of two labels and press r."),
    lastRound(wall));
}

const NAMES = { mine: "what you coded", suggested: "what is suggested" };

async function showAgreement(place, wall) {
  const known = ["mine", "suggested", ...coding.coders.keys()];
  if (!sides) sides = ["mine", known[2] || "suggested"];
  const choose = (which) => el("select", { "aria-label": which ? "B" : "A", onchange: (event) => { sides[which] = event.target.value; showAgreement(place, wall); } },
    ...known.map((name) => el("option", { value: name, selected: name === sides[which] }, NAMES[name] || `coder ${name}`)));
  const found = await trying(() => get("agreement", { a: sides[0], b: sides[1] }));
  if (!found) return;
  const head = ["of", "A", "B", "linked", "raw %", "kappa", "kappa linked", "F1 0.1", "F1 0.3", "F1 0.5", "onset s"];
  fill(place, el("h2", {}, "Agreement"), el("p", {}, "A: ", choose(0), "  B: ", choose(1)),
    table([head, ...found.rows.map((row) => Object.values(row))]),
    confusion(found, wall, "A down, B across; press a number for its clips"));
}

// Of the last round: what was coded down, what was found across, by people held out.
function lastRound(wall) {
  const cells = coding.rounds.at(-1)?.cells || [];
  const names = [...new Set(cells.flatMap(([a, b]) => [a, b]))].filter(Boolean).sort().concat("");
  const rows = new Map(about.recordings.map((one, row) => [one.name, row])), place = new Map(names.map((name, i) => [name, i]));
  const found = { labels: names, table: names.map(() => names.map(() => 0)), cells: [] };
  for (const [a, b, name, start, end] of cells) {
    found.table[place.get(a)][place.get(b)] += 1;
    found.cells.push([place.get(a), place.get(b), rows.get(name), start, end]);
  }
  return confusion(found, wall, "The last round on people held out: what you coded down, what it found across; press a number for its clips");
}

// How often which label of A met which of B; a cell shows its clips.
function confusion(found, wall, caption) {
  if (found.labels.length < 2) return null;
  const title = (label) => label || "nothing";
  const most = Math.max(1, ...found.table.flat());
  const cell = (count, i, j) => {
    if (!count) return el("td", { className: "number quiet" }, "·");
    const button = el("button", { className: "cell", title: `${title(found.labels[i])} met ${title(found.labels[j])}: show the clips`, onclick: () => showWall(wall,
      found.cells.filter((one) => one[0] === i && one[1] === j).map((one) => one.slice(2)), `${title(found.labels[i])} → ${title(found.labels[j])}`) }, String(count));
    button.style.setProperty("--share", String(count / most));
    return el("td", { className: "number" }, button);
  };
  return el("table", { className: "confusion" }, el("caption", {}, caption),
    el("thead", {}, el("tr", {}, el("th", {}), ...found.labels.map((label) => el("th", { scope: "col" }, title(label))))),
    el("tbody", {}, ...found.table.map((row, i) => el("tr", {}, el("th", { scope: "row" }, title(found.labels[i])), ...row.map((count, j) => cell(count, i, j))))));
}

async function showRates(place) {
  const choose = el("select", { "aria-label": "Rows", onchange: (event) => { grouped = event.target.value; showRates(place); } },
    ...["label", "subject", "condition"].map((name) => el("option", { value: name, selected: name === grouped }, `by ${name}`)));
  const rows = await trying(() => get("rates", { by: grouped }));
  if (!rows) return;
  const head = ["label", "of", "subjects", "count", "per minute", "95 % interval", "share of time %", "mean s", "median s", "shortest s", "longest s"];
  fill(place, el("h2", {}, "Rates and shares ", choose),
    el("p", { className: "quiet" }, `${about.sentences[0]} Intervals draw people anew, all of one's recordings together.`),
    rows.length ? table([head, ...rows.map((row) => Object.values(row).map(shown))]) : el("p", {}, "Nothing is coded yet."));
}
