// Every key in one table, from which the help is made; labels' own keys come last.

import { $, el, fill, say } from "./dom.js";
import { VIEWS, go, here } from "./state.js";
import { change, coding, eventsOf, labels, made, redo, undo } from "./coding.js";
import { faster, play, seek, step } from "./player.js";
import { edit, suggestEdges, takeGhost } from "./mouse.js";
import { judge, next, relabel } from "./review.js";
import { lanes, scrolled, zoom } from "./lanes.js";
import { addLabel, learnNow } from "./panel.js";
import { neighbors } from "./wall.js";

const selected = () => coding.events.get(here.selected);
let latest = "";

// A label's key: relabels what is selected, or begins an event and, pressed again, ends it.
export async function pressLabel(name) {
  latest = name;
  if (selected()) return relabel(name);
  if (!here.open || here.open.label !== name) {
    go({ open: { label: name, start: here.time }, ghost: null });
    say(`${name} begins at ${here.time.toFixed(2)} s; the same key ends it`);
    return null;
  }
  const { start } = here.open;
  go({ open: null });
  if (Math.abs(here.time - start) < 0.04) { say("an event needs some time between its start and its end"); return null; }
  const answer = await change({ new: made(name, start, here.time) });
  if (answer && !here.playing) go({ selected: answer.ids.new });
  return answer;
}

function nudge(edge, by) {
  const event = selected();
  if (event) edit(here.selected, { [edge]: event[edge] + by });
}

function nearby(by) {
  const list = lanes(), at = list.findIndex((lane) => lane.label === latest);
  return list[at < 0 ? 0 : at] && suggestEdges(list[at < 0 ? 0 : at], here.time, by);
}

// The next event of this recording, from the selected one or from this moment.
function select(by) {
  const list = eventsOf(here.row), at = list.findIndex((event) => event.id === here.selected);
  const after = list.findIndex((event) => event.start > here.time);
  const fresh = by > 0 ? (after < 0 ? 0 : after) : (after < 0 ? list.length : after) - 1;
  const event = list[at < 0 ? fresh : at + by];
  if (event) { go({ selected: event.id, ghost: null }); seek(event.start); }
}

function leave() {
  if (here.open || here.ghost) go({ open: null, ghost: null });
  else go({ selected: "", loop: false });
}

// [keys, what it says, what it does]; "ctrl+" stands for Command as well.
export const KEYS = [
  [" ", "Play or pause", () => play()],
  ["ArrowLeft", "One frame back", () => step(-1)],
  ["ArrowRight", "One frame on", () => step(1)],
  ["shift+ArrowLeft", "One second back", () => seek(here.time - 1)],
  ["shift+ArrowRight", "One second on", () => seek(here.time + 1)],
  ["Home", "To the beginning", () => seek(0)],
  ["End", "To the end", () => seek(Infinity)],
  [",", "Slower, down to 0.25×", () => faster(-1)],
  [".", "Faster, up to 4×", () => faster(1)],
  ["l", "Loop the selected event", () => go({ loop: !here.loop })],
  ["y", "Accept (Enter, too)", () => judge("accepted")],
  ["Enter", "Take the dashed proposal, or accept", () => (here.ghost ? takeGhost() : selected() && judge("accepted"))],
  ["x", "Reject", () => judge("rejected")],
  ["n", "Next suggestion, the most useful first", () => next(1)],
  ["p", "The suggestion before", () => next(-1)],
  ["j", "Select the next event of this recording", () => select(1)],
  ["k", "Select the event before", () => select(-1)],
  ["i", "The selected event starts here", () => selected() && edit(here.selected, { start: here.time })],
  ["o", "The selected event ends here", () => selected() && edit(here.selected, { end: here.time })],
  ["[", "Its start one frame earlier", () => nudge("start", -1 / 30)],
  ["]", "Its start one frame later", () => nudge("start", 1 / 30)],
  ["{", "Its end one frame earlier", () => nudge("end", -1 / 30)],
  ["}", "Its end one frame later", () => nudge("end", 1 / 30)],
  ["c", "Propose edges around this moment", () => nearby()],
  ["m", "More like the selected event", () => selected() && neighbors(selected())],
  ["Delete", "Remove the selected event", () => selected() && change({ [here.selected]: null })],
  ["Escape", "Leave what is begun; select nothing", leave],
  ["u", "Undo, without limit", () => undo()],
  ["U", "Redo", () => redo()],
  ["ctrl+z", "Undo", () => undo()],
  ["ctrl+Z", "Redo", () => redo()],
  ["r", "Learn and suggest", () => learnNow()],
  ["+", "A new label", () => addLabel()],
  ["-", "Zoom the timeline out", () => go(zoom(1.5))],
  ["=", "Zoom the timeline in", () => go(zoom(1 / 1.5))],
  ["PageUp", "Scroll the timeline back", () => go(scrolled(-(here.to - here.from) * 0.8))],
  ["PageDown", "Scroll the timeline on", () => go(scrolled((here.to - here.from) * 0.8))],
  ...VIEWS.map((view, index) => [`alt+${index + 1}`, `View: ${view}`, () => go({ view })]),
  ["?", "These keys", () => help()],
];
const doing = new Map(KEYS.map(([key, , action]) => [key, action]));

function named(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && event.key.length > 1) parts.push("shift");
  return [...parts, event.key].join("+");
}

function pressed(event) {
  const target = event.target, typing = target.closest?.("input[type=text], textarea, select, dialog[open]");
  if (typing || (["Enter", " "].includes(event.key) && target.closest?.("button, input, a, summary"))) return;
  const name = named(event), label = labels().find((one) => one.key && one.key === event.key);
  const action = doing.get(name) || (label && !event.ctrlKey && !event.altKey && !event.metaKey && (() => pressLabel(label.name)));
  if (!action) return;
  event.preventDefault();
  action();
}

const WORDS = { " ": "space", ArrowLeft: "←", ArrowRight: "→", "shift+ArrowLeft": "shift ←", "shift+ArrowRight": "shift →", "ctrl+z": "Ctrl Z", "ctrl+Z": "Ctrl Shift Z" };

export function help() {
  const dialog = $("help");
  fill(dialog, el("h2", {}, "Keys"),
    el("p", { className: "quiet" }, "A label's key begins an event and ends it; with an event selected, it relabels it."),
    el("dl", { className: "keys" }, ...KEYS.map(([key, text]) => el("div", {}, el("dt", {}, el("kbd", {}, WORDS[key] || (key.length > 1 ? key.replace("+", " ") : key))), el("dd", {}, text)))),
    el("form", { method: "dialog" }, el("button", {}, "Close")));
  dialog.showModal();
}

export function beginKeys() {
  document.addEventListener("keydown", pressed);
  $("help-button").addEventListener("click", help);
}
