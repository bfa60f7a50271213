"use strict";
// Moving skeletons: what `edgcn.reports.moving` packed, drawn on a canvas.
const UNSEEN = -32768, UNIT = 16000;

function unpack(clip) {
  // 16-bit x, y of frames x bodies x joints; decoded once, when first drawn
  if (!clip.numbers) {
    const bytes = Uint8Array.from(atob(clip.xy), (letter) => letter.charCodeAt(0));
    clip.numbers = new Int16Array(bytes.buffer);
    clip.xy = "";
  }
  return clip.numbers;
}

function fit(canvas) {
  // as many pixels as the screen has; returns the context in CSS pixels
  const scale = window.devicePixelRatio || 1, { clientWidth: w, clientHeight: h } = canvas;
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(h * scale)) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(h * scale);
  }
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, w, h);
  return g;
}

function drawSkeleton(canvas, clip, skeleton, seconds) {
  const g = fit(canvas), numbers = unpack(clip), { joints, bones, colors } = skeleton;
  const frame = Math.max(0, Math.min(clip.frames - 1, Math.floor(seconds * clip.fps + 1e-6)));
  const w = canvas.clientWidth, h = canvas.clientHeight, size = 0.45 * Math.min(w, h) / UNIT;
  let drawn = 0;
  for (let body = clip.bodies - 1; body >= 0; body--) {
    const at = (frame * clip.bodies + body) * joints * 2;
    const x = (j) => w / 2 + numbers[at + 2 * j] * size;
    const y = (j) => h / 2 - numbers[at + 2 * j + 1] * size;
    const seen = (j) => numbers[at + 2 * j] !== UNSEEN;
    g.globalAlpha = body ? 0.4 : 1;
    g.lineWidth = Math.max(1.5, Math.min(w, h) / 110);
    g.lineCap = "round";
    for (const [child, parent] of bones) {
      if (!seen(child) || !seen(parent)) continue;
      g.strokeStyle = colors[child];
      g.beginPath();
      g.moveTo(x(child), y(child));
      g.lineTo(x(parent), y(parent));
      g.stroke();
    }
    for (let j = 0; j < joints; j++) {
      if (!seen(j)) continue;
      drawn += 1;
      g.fillStyle = colors[j];
      g.beginPath();
      g.arc(x(j), y(j), g.lineWidth * 0.9, 0, 7);
      g.fill();
    }
  }
  g.globalAlpha = 1;
  if (!drawn) {
    g.fillStyle = "#808890";
    g.fillText("nobody is seen", 8, h - 8);
  }
  return frame;
}
