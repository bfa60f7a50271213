// The side panel of coding and review: labels with keys, the selected event, what waits.

import { $, clock, el, fill, say, two } from "./dom.js";
import { about, go, here, watch } from "./state.js";
import { change, coding, eventsOf, labels, learn, onCoding, plain } from "./coding.js";
import { STATUS } from "./colors.js";
import { EVERY, forget, judge, next, relabel, visit, waiting } from "./review.js";
import { neighbors } from "./wall.js";
import { NAMELESS } from "./lanes.js";
import { pressLabel } from "./keys.js";

const LISTED = 60;

export function addLabel() {
  const dialog = $("dialog"), name = el("input", { type: "text", maxLength: 200, required: true });
  const close = () => dialog.close(), asking = coding.events.get(here.selected)?.label === "";
  fill(dialog, el("form", { method: "dialog", onsubmit: async () => {
    const text = name.value.replace(/\s+/g, " ").trim();
    if (text && await change({ [`label:${text}`]: { key: "" } }) && asking) relabel(text);
  } }, el("h2", {}, "A new label"), el("label", {}, "What people do, in a word or two ", name),
  el("div", { className: "buttons" }, el("button", { type: "submit" }, "Add"), el("button", { type: "button", onclick: close }, "Cancel"))));
  dialog.showModal();
}

function labelList() {
  const counts = new Map();
  for (const event of coding.events.values()) {
    if (["annotated", "accepted", "edited"].includes(event.status)) counts.set(event.label, (counts.get(event.label) || 0) + 1);
  }
  const rows = labels().map(({ name, key }) => el("li", {},
    el("button", { className: "label", title: here.selected ? `Relabel the selected event (${key})` : `Begin or end an event here (${key})`, onclick: () => pressLabel(name) },
      el("kbd", {}, key || " "), el("span", { className: "name" }, name), el("span", { className: "count" }, String(counts.get(name) || 0)))));
  return el("section", {}, el("h2", {}, "Labels ", el("button", { className: "small", title: "A new label (+)", onclick: addLabel }, "+")),
    rows.length ? el("ul", { className: "labels" }, ...rows)
      : el("p", { className: "quiet" }, "No labels yet. Press + for the first; or see the motifs in Map: what people do again and again."));
}

function selectedEvent() {
  const event = coding.events.get(here.selected);
  const title = el("h2", {}, "Selected");
  if (!event) {
    return el("section", {}, title, el("p", { className: "quiet" }, here.open
      ? `${here.open.label}: begun at ${clock(here.open.start)}; the same key ends it, Escape leaves it.`
      : "Drag on the timeline for an event, or press a label's key at its start and at its end. A click on a lane proposes edges."));
  }
  const { color, mark, title: state } = STATUS[event.status];
  const badge = el("span", { className: "badge" }, `${mark} ${state}`);
  badge.style.setProperty("--mark", color);
  const button = (text, title_, onclick) => el("button", { title: title_, onclick }, text);
  return el("section", { className: "selected" }, title,
    el("p", {}, el("strong", {}, event.label || NAMELESS), " ", badge),
    event.label || event.status === "rejected" ? null : el("p", { className: "quiet" }, "It is like nothing that has a label yet. Press a label's key, + for a new label, or x if it is nothing; drag its edges."),
    el("p", { className: "quiet" }, `${clock(event.start)} – ${clock(event.end)} (${(event.end - event.start).toFixed(2)} s)`,
      event.score === null ? "" : `, confidence ${Math.round(100 * event.score)} %`, event.by ? `, by ${event.by}` : ""),
    el("div", { className: "buttons" },
      event.label ? button("✓ accept", "Accept (y or Enter)", () => judge("accepted")) : null,
      button("✕ reject", "Reject (x)", () => judge("rejected")),
      button("⌦ remove", "Remove (Delete)", () => change({ [here.selected]: null })),
      button("like this", "Nearest neighbors (m)", () => neighbors(event))));
}

function conflicts() {
  const found = coding.conflicts.filter(([key]) => coding.events.has(key));
  if (!found.length) return null;
  return el("section", { className: "conflict" }, el("h2", {}, "Edited in two places"), ...found.slice(0, 5).map(([key, was]) => {
    const now = coding.events.get(key);
    const theirs = was && `${was.label || NAMELESS} ${clock(was.start)}–${clock(was.end)}`;
    return el("p", {}, `${now.label || NAMELESS} ${clock(now.start)}–${clock(now.end)} was written over ${theirs || "a removal"}. `,
      el("button", { className: "small", onclick: () => change({ [key]: plain(now) }) }, "keep"), " ",
      el("button", { className: "small", onclick: () => change({ [key]: was }) }, "take the other"));
  }));
}

export async function learnNow() {
  say("learning …");
  forget();
  const answer = await learn();
  if (!answer) return;
  const { suggested, f1, advice } = answer.round;
  const score = f1 === undefined ? "" : `, event F1 ${f1.toFixed(2)} on people not learned from`;
  say(`${suggested} suggestions${score}; ${advice}`);
}

function rounds() {
  const last = coding.rounds.at(-1), { ready, done, total, problem } = coding.features;
  const begin = el("button", { className: "main", disabled: !ready, title: "Learn from what is coded (r)", onclick: learnNow }, "Learn and suggest");
  const state = problem || (ready ? "" : total ? `the encoder looks at every window once: ${Math.floor(100 * done / total)} %` : "the encoder begins …");
  const again = el("input", { type: "checkbox", checked: here.again, onchange: (event) => go({ again: event.target.checked }) });
  return el("section", {}, el("h2", {}, "Learn"), begin, el("label", { className: "quiet" }, again, ` again after every ${EVERY} that you judge in review`), state ? el("p", { className: problem ? "wrong" : "quiet" }, state) : null,
    last ? el("p", {}, `Round ${last.number}: `, last.f1 === undefined ? last.why
      : `event F1 ${last.f1.toFixed(2)}, kappa ${two(last.kappa)} on people not learned from (${last.events} events). `,
    last.advice ? el("em", {}, last.advice) : null) : null);
}

function item(event) {
  const { color, mark } = STATUS[event.status];
  const badge = el("span", { className: "mark" }, mark);
  badge.style.setProperty("--mark", color);
  return el("li", {}, el("button", {
    className: event.id === here.selected ? "event chosen" : "event", "aria-current": String(event.id === here.selected),
    onclick: () => visit(event, { moving: here.view === "review" }),
  }, badge, el("span", { className: "name" }, event.label || NAMELESS),
  el("span", { className: "quiet" }, `${here.view === "review" ? `${about.recordings[event.row].name} ` : ""}${clock(event.start, 1)}`),
  el("span", { className: "count" }, event.status !== "suggested" ? "" : event.label ? `${event.asked ? "asks " : ""}${Math.round(100 * event.score)} %` : "asks")));
}

function list() {
  const review = here.view === "review";
  const every = review ? waiting() : eventsOf(here.row).map((event) => ({ ...event, row: here.row }));
  const title = review ? `To review: ${every.length}` : `${every.length} event${every.length === 1 ? "" : "s"} here`;
  const at = Math.max(0, every.findIndex((event) => event.id === here.selected));
  const first = Math.max(0, Math.min(at - 10, every.length - LISTED));
  return el("section", { className: "list" }, el("h2", {}, title, review ? el("button", { className: "small", title: "The next one (n)", onclick: () => next() }, "next") : ""),
    el("ol", {}, ...every.slice(first, first + LISTED).map(item)),
    every.length > first + LISTED ? el("p", { className: "quiet" }, `and ${every.length - first - LISTED} more`) : null);
}

let asked = false;

export function refreshPanel() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const panel = $("panel");
    if (panel.hidden) return;
    const focus = document.activeElement?.closest?.("#panel button")?.textContent;
    fill(panel, conflicts(), rounds(), labelList(), selectedEvent(), list());
    if (focus) [...panel.querySelectorAll("button")].find((button) => button.textContent === focus)?.focus({ preventScroll: true });
    panel.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  });
}

export function beginPanel() {
  onCoding(refreshPanel);
  watch((changed) => { if (["row", "selected", "view", "open"].some((key) => changed.has(key))) refreshPanel(); });
  refreshPanel();
}

export { relabel };
