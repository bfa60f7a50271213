// Going through suggestions by keys: the most useful first, over all recordings.

import { go, here } from "./state.js";
import { change, coding, plain, queue } from "./coding.js";
import { say } from "./dom.js";
import { play, seek } from "./player.js";
import { insight } from "./lanes.js";
import { edit } from "./mouse.js";
import { still } from "./colors.js";
import { learnNow } from "./panel.js";

export const EVERY = 5; // judgements after which it learns again

let order = []; // ids as they were when the queue was begun, so that places stay while one works

// What waits, in an order that does not jump: new suggestions come at its end.
export function waiting() {
  const now = queue(), there = new Set(now.map((event) => event.id));
  const known = new Set(order);
  order = order.filter((id) => there.has(id) || id === here.selected);
  for (const event of now) if (!known.has(event.id)) order.push(event.id);
  const byId = new Map(now.map((event) => [event.id, event]));
  return order.map((id) => byId.get(id)).filter(Boolean);
}

export function forget() { order = []; }

// Show an event of any recording, and play it if things may move.
export function visit(event, { moving = true } = {}) {
  if (!event) return;
  go({ row: event.row });
  go({ selected: event.id, ...insight(event.start, event.end) });
  seek(Math.max(0, event.start - 0.2));
  if (moving && !still()) { go({ loop: true }); play(true); }
}

export function next(by = 1) {
  const list = waiting();
  if (!list.length) {
    say("no suggestions wait: code some gestures and press r to learn");
    return;
  }
  const at = list.findIndex((event) => event.id === here.selected);
  const place = at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length;
  visit(list[place]);
}

let judged = 0; // suggestions since it was learned last

// Where to go once the selected suggestion is judged: to the next one, or, after some, to what a new
// round of learning finds most useful.
function onwards() {
  const list = waiting(), at = list.findIndex((one) => one.id === here.selected);
  if (here.view !== "review" || at < 0) return () => null;
  const following = list[at + 1] || list[0], from = here.selected;
  return async () => {
    judged += 1;
    if (judged % EVERY === 0 && coding.features.ready && here.again) {
      await learnNow();
      visit(waiting()[0]);
    } else if (following.id !== from) visit(following);
  };
}

// Say what the selected event is; in review the next one follows at once.
export async function judge(status) {
  const event = coding.events.get(here.selected);
  if (!event) { say("select an event first: n goes to the next"); return; }
  if (!event.label && status !== "rejected") { say("press the key of its label, + for a new one, or x if it is nothing"); return; }
  const on = onwards();
  if (await change({ [here.selected]: { ...plain(event), status, asked: false } })) await on();
}

export async function relabel(label) {
  const event = coding.events.get(here.selected);
  if (event.label === label) { await judge("accepted"); return; }
  const on = onwards();
  if (await edit(here.selected, { label })) await on();
}
