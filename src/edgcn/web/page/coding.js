// The document: events, labels, what was looked through. Written to the server's journal, which
// answers once it is on the disk; other tabs' lines come in by asking again.

import { get, post, trying } from "./api.js";
import { about, go, here } from "./state.js";

const TAB = sessionStorage.getItem("tab") || crypto.randomUUID();
const KEYS = "123456789qwetasdfgbvm";

export const coding = {
  events: new Map(), labels: new Map(), seen: new Map(), coders: new Map(),
  rounds: [], conflicts: [], notes: [], number: 0, saving: 0,
  features: { done: 0, total: 0, ready: false, problem: "" },
};
let byRow = null, known = null, since = 0;
const watching = new Set();

export function onCoding(react) { watching.add(react); }

function take(answer) {
  for (const [key, value] of Object.entries(answer.rows)) {
    const at = key.indexOf(":");
    const into = at < 0 ? coding.events
      : { label: coding.labels, seen: coding.seen, coder: coding.coders }[key.slice(0, at)];
    if (!into) continue;
    const name = at < 0 ? key : key.slice(at + 1);
    if (value === null) into.delete(name); else into.set(name, value);
  }
  const { rounds, conflicts, notes, number, features } = answer;
  const before = JSON.stringify([coding.number, coding.features]);
  Object.assign(coding, { rounds, conflicts, notes, features, number: Math.max(number, coding.number) });
  byRow = known = null;
  if (here.selected && !coding.events.has(here.selected)) go({ selected: "" });
  if (before !== JSON.stringify([coding.number, coding.features])) for (const react of watching) react();
}

export async function load() {
  const answer = await get("events", { after: 0 });
  since = Number(sessionStorage.getItem("since") ?? answer.number);
  sessionStorage.setItem("tab", TAB);
  sessionStorage.setItem("since", String(since));
  take(answer);
}

export async function refresh() {
  try { take(await get("events", { after: coding.number })); } catch { /* asked again soon */ }
}

async function saving(work) {
  coding.saving += 1;
  const answer = await trying(work);
  coding.saving -= 1;
  if (answer) take(answer);
  for (const react of watching) react();
  return answer;
}

// Write values by key, null for what goes; answers with the ids of new events.
export const change = (rows) => saving(() => post("change", { tab: TAB, seen: coding.number, rows }));
export const undo = () => saving(() => post(`undo?after=${coding.number}`, { tab: TAB, since }));
export const redo = () => saving(() => post(`redo?after=${coding.number}`, { tab: TAB, since }));
export const learn = () => saving(() => post(`learn?after=${coding.number}`, { tab: TAB, since }));
export const tab = TAB;

// Events of a recording, in the order of time.
export function eventsOf(row) {
  if (!byRow) {
    byRow = new Map();
    const rows = new Map(about.recordings.map((one, index) => [one.name, index]));
    for (const [id, event] of coding.events) {
      const index = rows.get(event.recording);
      if (!byRow.has(index)) byRow.set(index, []);
      byRow.get(index).push({ ...event, id });
    }
    for (const list of byRow.values()) list.sort((a, b) => a.start - b.start);
  }
  return byRow.get(row) || [];
}

// Labels with their keys: those chosen, then free ones in order.
export function labels() {
  known ??= named();
  return known;
}

function named() {
  const names = [...coding.labels.keys()];
  for (const label of new Set([...coding.events.values()].map((event) => event.label))) if (label && !coding.labels.has(label)) names.push(label);
  const taken = new Set([...coding.labels.values()].map((label) => label.key).filter(Boolean));
  const free = [...KEYS].filter((key) => !taken.has(key));
  return names.map((name) => ({ name, key: coding.labels.get(name)?.key || free.shift() || "" }));
}

// What is useful to look at next, in all recordings.
export function queue() {
  const rows = new Map(about.recordings.map((one, index) => [one.name, index]));
  const waiting = [];
  for (const [id, event] of coding.events) {
    if (event.status === "suggested") waiting.push({ ...event, id, row: rows.get(event.recording) });
  }
  return waiting.sort((a, b) => b.use - a.use || a.row - b.row || a.start - b.start);
}

export function plain(event) {
  const { id, row, ...rest } = event;
  return rest;
}

export const made = (label, start, end, more = {}) => ({
  recording: about.recordings[here.row].name, label, start: Math.min(start, end), end: Math.max(start, end),
  subject: about.recordings[here.row].subject, by: about.coder, ...more,
});
