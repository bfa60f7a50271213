// The mouse on the timeline: drag to create, drag edges, move, click to go there and ask for edges.

import { $, say } from "./dom.js";
import { go, here, recording } from "./state.js";
import { change, coding, made, plain } from "./coding.js";
import { get } from "./api.js";
import { LEFT, NAMELESS, hit, layout, scrolled, zoom } from "./lanes.js";
import { redraw, sketch } from "./timeline.js";
import { seek } from "./player.js";

const over = $("over");
const SHORT = 4; // pixels that are no drag

function at() { return layout(over.clientWidth, over.clientHeight); }

function place(event) {
  const box = over.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

// Write an event's new times or label; a suggestion that was changed is edited.
export function edit(id, changes) {
  const old = coding.events.get(id);
  if (!old) return null;
  const moved = { ...plain(old), asked: false, ...changes };
  [moved.start, moved.end] = [Math.max(0, Math.min(moved.start, moved.end)), Math.min(recording().seconds, Math.max(moved.start, moved.end))];
  if (moved.end - moved.start < 0.02) return null;
  if (!moved.label) moved.asked = true; // where it is says not yet what it is
  else if (!("status" in changes) && old.status !== "annotated") moved.status = "edited";
  return change({ [id]: moved });
}

function pressed(event) {
  if (event.button !== 0) return;
  const [x, y] = place(event), where = at(), found = hit(where, x, y);
  const time = Math.max(0, Math.min(recording().seconds, where.seconds(x)));
  if (!found.lane || x < LEFT) {
    if (x >= LEFT) drag(event, seek, (far) => far || seek(time));
    return;
  }
  if (found.event) grab(event, found, time);
  else create(event, found.lane, time);
}

function grab(event, { event: one, part }, from) {
  go({ selected: one.id, ghost: null });
  let span = null;
  drag(event, (time) => {
    const by = time - from;
    span = {
      label: one.label, start: one.start + (part === "end" ? 0 : by), end: one.end + (part === "start" ? 0 : by),
    };
    sketch(span);
    seek(part === "end" ? span.end - 1e-3 : span.start);
  }, (far) => {
    sketch(null);
    if (far && span) edit(one.id, { start: span.start, end: span.end });
    else seek(from);
  });
}

function create(event, lane, from) {
  let span = null;
  drag(event, (time) => {
    span = { label: lane.label, start: Math.min(from, time), end: Math.max(from, time) };
    sketch(span);
    seek(time);
  }, async (far) => {
    sketch(null);
    if (!lane.label) { say("add a label first: press +"); return; }
    if (far && span && span.end - span.start >= 0.04) {
      const answer = await change({ new: { ...made(lane.label, span.start, span.end), subject: lane.subject } });
      if (answer) go({ selected: answer.ids.new, ghost: null });
      return;
    }
    seek(from);
    go({ selected: "" });
    await suggestEdges(lane, from);
  });
}

// A dashed proposal around the movement at a moment; Enter takes it.
export async function suggestEdges(lane, time) {
  const edges = await get(`edges/${here.row}`, { at: time });
  go({ ghost: { label: lane.label, subject: lane.subject, ...edges } });
  say("Enter takes the dashed proposal, Escape leaves it");
}

export async function takeGhost() {
  const { label, subject, start, end } = here.ghost;
  go({ ghost: null });
  const answer = await change({ new: { ...made(label, start, end), subject } });
  if (answer) go({ selected: answer.ids.new });
}

function drag(down, moving, done) {
  over.setPointerCapture(down.pointerId);
  const [x0] = place(down);
  let far = false;
  const move = (event) => {
    const [x] = place(event);
    far = far || Math.abs(x - x0) > SHORT;
    if (far) moving(Math.max(0, Math.min(recording().seconds, at().seconds(x))));
  };
  const up = () => {
    over.removeEventListener("pointermove", move);
    done(far);
    redraw();
  };
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", up, { once: true });
  over.addEventListener("pointercancel", up, { once: true });
}

function hover(event) {
  const [x, y] = place(event), found = hit(at(), x, y);
  over.style.cursor = !found.lane ? "default" : !found.event ? "crosshair" : found.part === "middle" ? "grab" : "ew-resize";
  const one = found.event;
  over.title = one ? `${one.label || NAMELESS} ${one.start.toFixed(2)} – ${one.end.toFixed(2)} s, ${one.status}${one.by ? `, by ${one.by}` : ""}` : "";
}

function wheel(event) {
  const [x] = place(event), where = at();
  if (x < LEFT) return; // beside the names, lanes scroll
  event.preventDefault();
  if (event.ctrlKey || event.metaKey) go(zoom(Math.exp(event.deltaY / 300), where.seconds(Math.max(x, LEFT))));
  else go(scrolled((event.deltaX || event.deltaY) / where.per));
}

export function beginMouse() {
  over.addEventListener("pointerdown", pressed);
  over.addEventListener("pointermove", hover);
  over.addEventListener("wheel", wheel, { passive: false });
}
