// Draws the timeline: ruler, lanes of events, how much moves; the playhead on a canvas of its own.

import { $, clock, sized } from "./dom.js";
import { about, go, here, recording, watch } from "./state.js";
import { coding, eventsOf, onCoding } from "./coding.js";
import { bytes } from "./api.js";
import { STATUS, onTheme, paper } from "./colors.js";
import { LEFT, MOTION, RIGHT, RULER, UNIT, insight, layout, least } from "./lanes.js";

const base = $("base"), over = $("over");
export const drawnEvents = { count: 0 };
let dirty = true, trace = null, asked = "", asking = false;

export function redraw() { dirty = true; }

function tick() {
  if (!$("time").hidden) {
    if (dirty) { dirty = false; draw(); }
    playhead();
  }
  requestAnimationFrame(tick);
}

// Many lanes are taller than their place: it scrolls.
function fit() {
  const tall = `${Math.max($("time").clientHeight, least())}px`;
  for (const canvas of [base, over]) if (canvas.style.height !== tall) canvas.style.height = tall;
}

function draw() {
  fit();
  const { context, width, height } = sized(base), at = layout(width, height), ink = paper();
  context.clearRect(0, 0, width, height);
  context.font = `${12 * UNIT}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  at.list.forEach((lane, index) => {
    const y = at.top(index);
    context.fillStyle = index % 2 ? ink.ground : ink.raised;
    context.fillRect(0, y, width, at.tall);
    context.fillStyle = ink.ink;
    const text = lane.key ? `${lane.key}  ${lane.title}` : lane.title;
    context.fillText(text, 8, y + at.tall / 2, LEFT - 16);
  });
  ruler(context, at, ink);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT - RIGHT, height);
  context.clip();
  motion(context, at, ink);
  events(context, at, ink);
  context.restore();
  context.fillStyle = ink.quiet;
  context.fillText("movement", 8, at.bottom + MOTION / 2 + 4, LEFT - 16);
}

function ruler(context, at, ink) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  const step = steps.find((value) => value * at.per > 70 * UNIT) || 1200;
  context.fillStyle = ink.quiet;
  context.strokeStyle = ink.line;
  context.lineWidth = 1;
  for (let time = Math.ceil(here.from / step) * step; time <= here.to; time += step) {
    const x = Math.round(at.x(time)) + 0.5;
    context.beginPath();
    context.moveTo(x, RULER - 6);
    context.lineTo(x, at.bottom + MOTION);
    context.stroke();
    const text = clock(time, step < 1 ? 1 : 0);
    if (x + 4 + context.measureText(text).width < at.width) context.fillText(text, x + 4, 9 * UNIT);
  }
}

function events(context, at, ink) {
  const lane = new Map(at.list.map((one, index) => [`${one.label}\n${one.subject}`, index]));
  let count = 0, lastX = new Map();
  for (const event of eventsOf(here.row)) {
    if (event.start > here.to) break;
    if (event.end < here.from) continue;
    const index = lane.get(`${event.label}\n${event.subject}`);
    if (index === undefined) continue;
    const x = at.x(event.start), wide = Math.max(2, (event.end - event.start) * at.per);
    const chosen = event.id === here.selected;
    if (wide < 3 && !chosen && lastX.get(index) === Math.round(x)) continue; // under another one
    lastX.set(index, Math.round(x));
    bar(context, event, x, at.top(index) + 2, wide, at.tall - 4, chosen, ink);
    count += 1;
  }
  drawnEvents.count = count;
}

function bar(context, event, x, y, wide, tall, chosen, ink) {
  const { color, mark } = STATUS[event.status], hollow = event.status === "rejected" || event.asked;
  context.globalAlpha = event.status === "suggested" ? 0.3 + 0.6 * (event.score ?? 0.5) : event.status === "rejected" ? 0.45 : 1;
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, wide, tall, Math.min(4, wide / 2));
  if (hollow) {
    if (event.asked) context.setLineDash([3, 2]);
    context.strokeStyle = color;
    context.stroke();
    context.setLineDash([]);
  } else context.fill();
  context.globalAlpha = 1;
  if (chosen) {
    context.strokeStyle = ink.strong;
    context.lineWidth = 2.5;
    context.stroke();
    context.lineWidth = 1;
  }
  if (wide > 16 * UNIT) {
    context.fillStyle = hollow ? ink.quiet : event.status === "annotated" ? "#fff" : "#000";
    const score = wide > 52 * UNIT && event.score !== null && event.status === "suggested" ? ` ${Math.round(100 * event.score)} %` : "";
    context.fillText(mark + score, x + 4, y + tall / 2, wide - 6);
  }
}

// How fast people move: lowest and highest in every pixel, made by the server from all frames.
function motion(context, at, ink) {
  const bins = Math.max(50, Math.round(at.width - LEFT - RIGHT));
  const key = [here.row, here.from, here.to, bins].join();
  if (key !== asked && !asking) {
    asked = key;
    asking = true;
    const values = { start: here.from, end: here.to, bins };
    bytes(`trace/${here.row}`, { values }).then((data) => {
      trace = { row: here.row, from: here.from, to: here.to, bins, values: new Float32Array(data) };
      asking = false;
      redraw();
    }).catch(() => { asking = false; });
  }
  if (!trace || trace.row !== here.row) return;
  const highs = trace.values.subarray(trace.bins), top = at.bottom + 4;
  let most = 1e-6;
  for (const value of highs) if (value > most) most = value;
  context.fillStyle = ink.quiet;
  context.globalAlpha = 0.6;
  for (let bin = 0; bin < trace.bins; bin += 1) {
    const [low, high] = [trace.values[bin], highs[bin]];
    if (Number.isNaN(high)) continue;
    const x = at.x(trace.from + ((trace.to - trace.from) * bin) / trace.bins);
    const tall = Math.max(1, (MOTION * (high - low)) / most);
    context.fillRect(x, top + MOTION * (1 - high / most), 1.2, Math.max(tall, MOTION * low / most));
  }
  context.globalAlpha = 1;
}

let before = "";

function playhead() {
  const open = here.open ? [here.open.label, here.open.start] : "";
  const key = [here.time, here.from, here.to, here.row, open, here.ghost?.start, here.ghost?.end, over.clientWidth, over.clientHeight, coding.number, dragged?.start, dragged?.end].join();
  if (key === before) return;
  before = key;
  const { context, width, height } = sized(over), at = layout(width, height), ink = paper();
  context.clearRect(0, 0, width, height);
  const spans = [];
  if (here.open) spans.push({ ...here.open, end: here.time });
  if (here.ghost) spans.push(here.ghost);
  if (dragged) spans.push(dragged);
  for (const span of spans) {
    const index = at.list.findIndex((lane) => lane.label === span.label);
    const [a, b] = [at.x(Math.min(span.start, span.end)), at.x(Math.max(span.start, span.end))];
    context.strokeStyle = ink.strong;
    context.setLineDash([4, 3]);
    context.lineWidth = 1.5;
    context.strokeRect(Math.max(a, LEFT), at.top(Math.max(0, index)) + 2, Math.max(2, b - Math.max(a, LEFT)), at.tall - 4);
    context.setLineDash([]);
  }
  if (here.time < here.from || here.time > here.to) return;
  const x = at.x(here.time);
  context.fillStyle = ink.strong;
  context.fillRect(x - 0.75, RULER - 8, 1.5, at.bottom + MOTION - RULER + 8);
  context.beginPath();
  context.moveTo(x - 6, RULER - 9);
  context.lineTo(x + 6, RULER - 9);
  context.lineTo(x, RULER - 1);
  context.fill();
}

let dragged = null;

// What the mouse is just drawing.
export function sketch(span) { dragged = span; }

function show(changed) {
  if (["row", "from", "to", "selected", "view"].some((key) => changed.has(key))) redraw();
  if (changed.has("row") && !changed.has("from")) go({ from: 0, to: Math.min(30, recording().seconds), time: changed.has("time") ? here.time : 0 });
  if (changed.has("time") && here.playing && (here.time > here.to || here.time < here.from)) go(insight(here.time, here.time + 0.1));
  if (changed.has("selected") && here.selected) {
    const event = coding.events.get(here.selected);
    if (event && event.recording === about.recordings[here.row].name) go(insight(event.start, event.end));
  }
}

export function beginTimeline() {
  watch(show);
  onCoding(redraw);
  onTheme(redraw);
  new ResizeObserver(redraw).observe($("time"));
  requestAnimationFrame(tick);
}
