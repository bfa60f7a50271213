// The page of `edgcn stream`: the skeletons as they come, what is likely, the events as they are told.

import { $, clock, el, fill, sized, two } from "./dom.js";
import { onTheme, paper } from "./colors.js";
import { drawSkeleton, projection } from "./skeleton.js";
import { about } from "./state.js";

const KEPT = 200; // events that are shown
let frame = null, reach = null, told = 0, waiting = false;

function begin(message) {
  Object.assign(about, { joints: message.joints, bones: message.bones, mirror: message.mirror, dims: message.dims, bodies: 1 });
  $("title").textContent = `${message.recording} – ${message.model}`;
  $("state").textContent = "live";
  reach = null;
}

// Points of one body as the drawing wants them: (joints, dims), missing ones not a number.
function flat(points) {
  const made = new Float32Array(about.joints.length * about.dims);
  points.forEach((point, joint) => {
    for (let axis = 0; axis < about.dims; axis += 1) {
      made[joint * about.dims + axis] = point[axis] === null ? NaN : point[axis];
    }
  });
  return made;
}

// What is drawn follows the people at once outwards, and slowly back.
function follow(bodies) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const body of bodies) {
    for (let at = 0; at < body.length; at += 1) {
      const axis = at % about.dims;
      if (Number.isNaN(body[at])) continue;
      low[axis] = Math.min(low[axis], body[at]);
      high[axis] = Math.max(high[axis], body[at]);
    }
  }
  if (!Number.isFinite(low[0])) return;
  if (about.dims === 2) { low[2] = 0; high[2] = 0; }
  if (!reach) { reach = [low, high]; return; }
  for (let axis = 0; axis < 3; axis += 1) {
    reach[0][axis] = Math.min(low[axis], 0.98 * reach[0][axis] + 0.02 * low[axis]);
    reach[1][axis] = Math.max(high[axis], 0.98 * reach[1][axis] + 0.02 * high[axis]);
  }
}

function draw() {
  waiting = false;
  const { context, width, height } = sized($("skeleton"));
  context.fillStyle = paper().ground;
  context.fillRect(0, 0, width, height);
  if (!frame) return;
  const bodies = Object.values(frame.people).flatMap((points) => (Array.isArray(points[0]) ? [flat(points)] : []));
  follow(bodies);
  if (reach) for (const body of bodies) drawSkeleton(context, body, projection(reach, { x: 0, y: 0, width, height }), { thick: 4 });
  $("clock").textContent = clock(frame.t);
  likely(frame.likely);
}

function likely(people) {
  const rows = [];
  for (const [name, labels] of Object.entries(people)) {
    if (Object.keys(people).length > 1) rows.push(el("h3", {}, name));
    for (const [label, value] of Object.entries(labels)) {
      rows.push(el("span", {}, label), el("meter", { min: 0, max: 1, value, title: label }), el("span", { className: "count" }, two(value)));
    }
  }
  fill($("likely"), ...(rows.length ? rows : [el("p", { className: "quiet" }, "not enough frames yet")]));
}

function event(message) {
  told += 1;
  $("count").textContent = String(told);
  const line = el("li", {},
    el("span", { className: "count" }, `${clock(message.start_s, 1)}–${clock(message.end_s, 1)}`),
    el("span", { className: "name" }, message.label),
    message.subject ? el("span", { className: "quiet" }, message.subject) : null,
    el("span", { className: "count", title: "confidence" }, two(message.score)));
  $("events").prepend(line);
  while ($("events").children.length > KEPT) $("events").lastElementChild.remove();
}

function listen() {
  const line = new WebSocket(`ws://${location.host}/live`);
  line.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "start") begin(message);
    if (message.type === "event") event(message);
    if (message.type !== "frame") return;
    frame = message;
    if (!waiting) { waiting = true; requestAnimationFrame(draw); }
  });
  line.addEventListener("close", () => { $("state").textContent = "the stream has ended"; });
}

onTheme(() => draw());
window.addEventListener("resize", () => draw());
listen();
