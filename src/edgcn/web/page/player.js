// Time: plays by the recording's own times, loops an event, goes frame by frame; draws the skeleton.

import { $, clock, el, fill, say, sized } from "./dom.js";
import { about, go, here, recording, watch } from "./state.js";
import { coding } from "./coding.js";
import { framesOf } from "./frames.js";
import { drawSkeleton, projection } from "./skeleton.js";
import { paper, still } from "./colors.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4];
const LEAD = 1; // seconds before and after an event that is looped, as the server knows (learn.py)
const canvas = $("skeleton"), video = $("video");
let last = 0, buttons = {};
export const drawn = { frame: -1, pending: false, fps: 0 };

export function play(on = !here.playing) {
  if (on && here.time >= recording().seconds - 0.02 && !here.loop) seek(0);
  last = performance.now();
  go({ playing: on });
}

export function seek(time) {
  go({ time: Math.max(0, Math.min(recording().seconds - 1e-3, time)) });
}

// To the frame so many further on.
export function step(count) {
  const frames = framesOf(here.row);
  go({ playing: false });
  seek(frames.timeOf(frames.index(here.time) + count) + 1e-4);
}

export function faster(by) {
  const at = SPEEDS.indexOf(here.speed) + by;
  go({ speed: SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))] });
}

// The part that is looped: the selected event and a little around it.
function looped() {
  const event = here.loop && coding.events.get(here.selected);
  return event ? [Math.max(0, event.start - LEAD), Math.min(recording().seconds, event.end + LEAD)] : null;
}

function tick(now) {
  if (here.playing) {
    const span = looped(), end = recording().seconds;
    let time = here.time + Math.min(0.25, (now - last) / 1000) * here.speed;
    if (span && (time >= span[1] || time < span[0])) time = span[0];
    if (!span && time >= end) {
      time = end - 1e-3;
      go({ playing: false });
    }
    drawn.fps = 0.95 * drawn.fps + 0.05 * (1000 / Math.max(1, now - last));
    go({ time });
  }
  last = now;
  draw();
  requestAnimationFrame(tick);
}

let shown = "";

function draw() {
  const frames = framesOf(here.row), index = frames.index(here.time);
  const key = [here.row, index, here.yaw, here.pitch, canvas.clientWidth, canvas.clientHeight, paper().ink].join();
  if (key === shown && !drawn.pending) return;
  const { context, width, height } = sized(canvas);
  const frame = frames.reach && frames.at(here.time);
  drawn.pending = !frame;
  if (!frame) return; // the last one stays until this one is here
  shown = key;
  drawn.frame = index;
  context.clearRect(0, 0, width, height);
  const box = { x: 0, y: 0, width, height };
  drawSkeleton(context, frame, projection(frames.reach, box, here), { thick: Math.max(2.5, height / 130) });
}

// The video follows the page's time; it leads nothing, so that labels are at the skeleton's times.
function follow() {
  if (video.hidden) return;
  if (Math.abs(video.currentTime - here.time) > (here.playing ? 0.15 : 0.01)) video.currentTime = here.time;
  video.playbackRate = here.speed;
  if (here.playing && video.paused) video.play().catch(() => {});
  if (!here.playing && !video.paused) video.pause();
}

function changedRecording() {
  video.hidden = !recording().video;
  if (recording().video) video.src = `/api/video/${here.row}`;
  else video.removeAttribute("src");
}

function toolbar() {
  const button = (name, text, title, onclick) => {
    buttons[name] = el("button", { title, onclick }, text);
    return buttons[name];
  };
  buttons.time = el("output", { className: "clock" });
  buttons.speed = el("select", { title: "Speed (, and .)", onchange: (e) => go({ speed: Number(e.target.value) }) },
    ...SPEEDS.map((speed) => el("option", { value: String(speed) }, `${speed}×`)));
  buttons.loop = el("input", { type: "checkbox", onchange: (e) => go({ loop: e.target.checked }) });
  fill($("transport"),
    button("back", "◀|", "One frame back (←)", () => step(-1)),
    button("play", "▶", "Play or pause (space)", () => play()),
    button("on", "|▶", "One frame on (→)", () => step(1)),
    buttons.speed, buttons.time,
    el("label", { className: "quiet", title: "Play the selected event again and again (l)" }, buttons.loop, " loop"),
    about.dims === 3 ? button("front", "⟲", "Turn back to the camera's view", () => go({ yaw: 0, pitch: 0 })) : null);
}

function show(changed) {
  if (changed.has("row")) changedRecording();
  if (changed.has("playing")) {
    buttons.play.textContent = here.playing ? "❚❚" : "▶";
    buttons.play.setAttribute("aria-pressed", String(here.playing));
  }
  if (changed.has("time") || changed.has("row")) {
    const frames = framesOf(here.row);
    buttons.time.textContent = `${clock(here.time)} / ${clock(recording().seconds, 0)}  frame ${frames.index(here.time)}`;
  }
  buttons.speed.value = String(here.speed);
  buttons.loop.checked = here.loop;
  follow();
}

export function beginPlayer() {
  toolbar();
  watch(show);
  show(new Set(["row", "time", "playing"]));
  video.addEventListener("error", () => {
    if (!video.getAttribute("src")) return;
    video.hidden = true;
    say("the browser cannot play this video; convert it to H.264 in .mp4, or VP9 in .webm");
  });
  if (about.dims === 3) {
    canvas.addEventListener("pointerdown", (down) => {
      canvas.setPointerCapture(down.pointerId);
      const { yaw, pitch } = here;
      const move = (event) => go({
        yaw: yaw + (event.clientX - down.clientX) / 150,
        pitch: Math.max(-1.5, Math.min(1.5, pitch + (event.clientY - down.clientY) / 150)),
      });
      canvas.addEventListener("pointermove", move);
      canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", move), { once: true });
    });
  }
  requestAnimationFrame(tick);
}

export const quietly = still;
