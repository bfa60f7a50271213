// A wall of small looping skeletons: parts of recordings side by side, to compare, choose and label.

import { $, clock, el, fill } from "./dom.js";
import { about, go, here } from "./state.js";
import { get, trying } from "./api.js";
import { change, labels, made } from "./coding.js";
import { framesOf } from "./frames.js";
import { drawSkeleton, projection } from "./skeleton.js";
import { still } from "./colors.js";

export const MOST = 24;
let parts = [], place = null, running = 0, title = "";

// parts: [row, start, end, score] each.
export function showWall(where, items, heading) {
  place = where;
  title = heading;
  parts = items.slice(0, MOST).map(([row, start, end, score]) => ({ row, start, end, score, chosen: true }));
  tiles();
  const mine = ++running;
  const begin = performance.now();
  const tick = (now) => {
    if (mine !== running || !place.isConnected) return;
    draw(still() ? 0.5 : (now - begin) / 1000);
    if (!still() || now - begin < 3000) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

export function wallState() { return { title, parts: parts.length, chosen: parts.filter((part) => part.chosen).length }; }

function tiles() {
  const name = el("input", { type: "text", maxLength: 200, "aria-label": "Label", placeholder: "a label", size: 16 });
  name.setAttribute("list", "known-labels");
  const known = el("datalist", { id: "known-labels" }, ...labels().map((label) => el("option", { value: label.name })));
  const more = el("form", { className: "buttons", onsubmit: (event) => { event.preventDefault(); labelAll(name.value); } },
    el("span", {}, title), name, known, el("button", { type: "submit" }, "Label the chosen ones"));
  fill(place, more, el("div", { className: "wall" }, ...parts.map((part) => {
    part.canvas = el("canvas", { width: 150, height: 130 });
    const text = `${about.recordings[part.row].name} ${clock(part.start, 1)}${part.score === undefined ? "" : ` · ${part.score.toFixed(2)}`}`;
    const choose = el("input", { type: "checkbox", checked: part.chosen, title: "chosen", onchange: (event) => { part.chosen = event.target.checked; } });
    return el("figure", {}, el("button", { className: "tile", title: "Show it in its recording", onclick: () => open(part) }, part.canvas),
      el("figcaption", {}, el("label", {}, choose, ` ${text}`)));
  })));
}

function open(part) {
  go({ row: part.row, view: "code" });
  go({ selected: "", time: part.start, from: Math.max(0, part.start - 8), to: Math.min(about.recordings[part.row].seconds, part.start + 22) });
}

function draw(seconds) {
  for (const part of parts) {
    const frames = framesOf(part.row), length = part.end - part.start;
    const frame = frames.reach && frames.at(part.start + (seconds % (length + 0.4) > length ? length - 0.01 : seconds % (length + 0.4)));
    if (!frame) continue;
    const { canvas } = part, context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const box = { x: 0, y: 0, width: canvas.width, height: canvas.height };
    drawSkeleton(context, frame, projection(frames.reach, box, here), { thick: 1.8 });
  }
}

async function labelAll(text) {
  const label = text.replace(/\s+/g, " ").trim();
  const chosen = parts.filter((part) => part.chosen);
  if (!label || !chosen.length) return;
  const rows = Object.fromEntries(chosen.map((part, index) => {
    const { name, subject } = about.recordings[part.row];
    return [`new${index}`, { ...made(label, part.start, part.end), recording: name, subject }];
  }));
  await change({ [`label:${label}`]: { key: "" }, ...rows });
}

// What is like an event, over all recordings.
export async function neighbors(event) {
  const row = about.recordings.findIndex((one) => one.name === event.recording);
  const found = await trying(() => get(`neighbors/${row}`, { start: event.start, end: event.end }));
  if (!found) return;
  go({ view: "map" });
  await new Promise(requestAnimationFrame);
  const wall = $("wall-place");
  if (wall) showWall(wall, found, `Like ${event.label} at ${clock(event.start, 1)} of ${event.recording}`);
}
