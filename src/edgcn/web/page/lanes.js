// Where everything on the timeline lies: a lane for each label and subject, seconds to pixels.

import { about, here, recording } from "./state.js";
import { eventsOf, labels } from "./coding.js";

export const RIGHT = 8;
export const NAMELESS = "what is this?"; // of events that are asked about and have no label
const LOW = 15; // of a lane
export let RULER = 22, MOTION = 30, LEFT = 150, UNIT = 1; // grow with the size of the page's text

function measure() {
  UNIT = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  [RULER, MOTION, LEFT] = [22 * UNIT, 30 * UNIT, 150 * UNIT];
}

let kept = [], of = null;

export function lanes() {
  const list = labels();
  if (of?.list !== list || of.row !== here.row) {
    of = { list, row: here.row };
    kept = made(list);
  }
  return kept;
}

function made(list) {
  const subjects = new Set(eventsOf(here.row).map((event) => event.subject));
  subjects.add(recording().subject);
  const several = [...subjects].sort();
  const rows = [];
  for (const { name, key } of list) {
    for (const subject of several) {
      if (several.length > 1 && subject !== recording().subject && !eventsOf(here.row).some((e) => e.label === name && e.subject === subject)) continue;
      rows.push({ label: name, key, subject, title: several.length > 1 && subject ? `${name} · ${subject}` : name });
    }
  }
  for (const subject of several) {
    if (eventsOf(here.row).some((event) => !event.label && event.subject === subject)) rows.push({ label: "", key: "", subject, title: several.length > 1 && subject ? `${NAMELESS} · ${subject}` : NAMELESS });
  }
  return rows.length ? rows : [{ label: "", key: "", subject: recording().subject, title: "press + for a label" }];
}

// Geometry of a timeline of this size.
export function layout(width, height) {
  measure();
  const list = lanes(), room = height - RULER - MOTION - 6;
  const tall = Math.max(LOW * UNIT, Math.min(42 * UNIT, Math.floor(room / list.length)));
  const per = (width - LEFT - RIGHT) / (here.to - here.from);
  return {
    list, tall, width, height,
    x: (seconds) => LEFT + (seconds - here.from) * per,
    seconds: (x) => here.from + (x - LEFT) / per,
    top: (index) => RULER + index * tall,
    index: (y) => Math.floor((y - RULER) / tall),
    bottom: RULER + list.length * tall,
    per,
  };
}

const nothing = { list: [], index: -1 };

// How tall a timeline with all lanes is, at least.
export function least() {
  measure();
  return RULER + lanes().length * LOW * UNIT + MOTION + 8;
}

// Which event is at a place, and which part of it: its start, its end or its middle.
export function hit(at, x, y) {
  const lane = at.list[at.index(y)];
  if (!lane || x < LEFT) return nothing;
  const near = 6 / at.per, time = at.seconds(x);
  let best = null, distance = Infinity;
  for (const event of eventsOf(here.row)) {
    if (event.label !== lane.label || event.subject !== lane.subject) continue;
    if (time < event.start - near || time > event.end + near) continue;
    const away = event.id === here.selected ? -1 : Math.abs(time - (event.start + event.end) / 2);
    if (away < distance) { best = event; distance = away; }
  }
  if (!best) return { lane, time };
  const wide = Math.min(near, (best.end - best.start) / 3);
  const part = time < best.start + wide ? "start" : time > best.end - wide ? "end" : "middle";
  return { lane, time, event: best, part };
}

export function zoom(factor, around = here.time) {
  const { seconds } = recording(), span = Math.max(0.5, Math.min(seconds, (here.to - here.from) * factor));
  const share = (around - here.from) / (here.to - here.from);
  return shifted(around - share * span, span, seconds);
}

export function scrolled(by) {
  return shifted(here.from + by, here.to - here.from, recording().seconds);
}

function shifted(from, span, seconds) {
  const start = Math.max(0, Math.min(seconds - span, from));
  return { from: start, to: start + span };
}

// What to show so that a span of time is in sight.
export function insight(start, end) {
  const span = Math.min(about.recordings[here.row].seconds, Math.max(here.to - here.from, (end - start) * 1.5));
  if (start >= here.from && end <= here.to) return {};
  return shifted((start + end) / 2 - span / 2, span, recording().seconds);
}
