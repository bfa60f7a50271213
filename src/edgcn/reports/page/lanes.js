const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const CONTEXT = 0.5, FIRST = 120, CLOSEST = 4;  // seconds beside an event; shown at first, at least
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const events = data.events.map(
  ([recording, label, start, end, score, annotated, verdict, subject, by], id) => ({
    id, recording, label, start, end, score, annotated, verdict, subject, by,
    kind: verdict.split(" ")[0],
  }));
const chosen = { event: -1, recording: 0, time: 0, playing: false, span: 0 };
let shown = [];  // ids of the list, in its order

// Words

function clock(seconds) {
  const whole = Math.floor(seconds), pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600), rest = (seconds - whole).toFixed(2).slice(1, 4);
  const minutes = Math.floor((whole % 3600) / 60);
  return `${hours ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}${rest}`;
}

const brief = (seconds) => clock(seconds).replace(/\.\d\d$/, "");

function words(event) {
  const sure = event.score === null ? "" : `, confidence ${event.score.toFixed(2)}`;
  const by = event.by ? ` by ${event.by}` : "", verdict = event.verdict && `: ${event.verdict}`;
  return `${data.labels[event.label]}${verdict}\n${clock(event.start)} to ${clock(event.end)}, ` +
    `${(event.end - event.start).toFixed(2)} s\n${event.annotated ? "annotated" : "found"}${by}${sure}`;
}

// Recordings: a row for each label, what was annotated above what was found

const blocks = data.recordings.map((recording, index) => {
  const own = events.filter((event) => event.recording === index);
  const people = new Set(own.map((event) => event.subject).filter(Boolean)).size > 1;
  const name = (event) => data.labels[event.label] +
    (people && event.subject ? ` · ${event.subject}` : "");
  const rows = [...new Set(own.map(name))].sort();
  const box = document.createElement("section"), title = document.createElement("h2");
  box.className = "recording";
  title.textContent = `${recording.name} `;
  const about = document.createElement("small");
  about.textContent = [recording.about, brief(recording.seconds)].filter(Boolean).join(", ");
  title.append(about);
  const grid = document.createElement("div"), names = document.createElement("div");
  grid.className = "rows";
  names.className = "names";
  for (const row of rows) {
    const cell = document.createElement("div");
    cell.textContent = cell.title = row;
    names.append(cell);
  }
  const overview = document.createElement("canvas"), lanes = document.createElement("canvas");
  overview.className = "overview";
  lanes.className = "lanes";
  lanes.style.height = `${1.6 * rows.length + 1.2}rem`;
  lanes.setAttribute("role", "img");
  lanes.setAttribute("aria-label", `${recording.name}: ${own.length} events, as in the list`);
  grid.append(overview, names, lanes);
  box.append(title, grid);
  $("recordings").append(box);
  const laid = own.map((event) => [event, rows.indexOf(name(event))]);
  return { index, recording, rows, laid, overview, lanes, from: 0, near: false };
});

function spanOf(block) {
  return Math.min(block.recording.seconds, chosen.span);
}

function style() {
  const css = getComputedStyle(document.documentElement);
  const of = (name) => css.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), found: of("--found"),
    shifted: of("--shifted"), confused: of("--confused"), false: of("--false"),
    right: of("--found"), row: 1.6 * parseFloat(css.fontSize) };
}

function drawEvent(g, event, x, y, w, h, colors) {
  g.globalAlpha = 1;
  g.setLineDash([]);
  if (event.annotated) {
    g.strokeStyle = colors.ink;
    g.lineWidth = 1.5;
    if (event.kind === "missed") g.setLineDash([4, 3]);
    g.strokeRect(x + 0.75, y + 0.75, w - 1.5, h - 1.5);
  } else {
    g.globalAlpha = event.score === null ? 1 : 0.25 + 0.75 * event.score;
    g.fillStyle = colors[event.kind] || colors.found;
    if (event.kind === "false" || event.kind === "shifted") {
      const steps = event.kind === "false" ? [5, 8] : [4, 6];
      for (let at = 0; at < w; at += steps[1]) {
        g.fillRect(x + at, y, Math.min(steps[0], w - at), h);
      }
    } else g.fillRect(x, y, w, h);
  }
  g.globalAlpha = 1;
  g.setLineDash([]);
  if (event.id === chosen.event) {
    g.strokeStyle = colors.ink;
    g.lineWidth = 3;
    g.strokeRect(x - 1.5, y - 1.5, w + 3, h + 3);
  }
}

function drawBlock(block) {
  if (!block.near) return;
  const colors = style(), { lanes, overview, recording, rows } = block, span = spanOf(block);
  block.from = Math.max(0, Math.min(block.from, recording.seconds - span));
  const g = fit(lanes), w = lanes.clientWidth, bottom = rows.length * colors.row;
  const x = (t) => ((t - block.from) / span) * w;
  g.strokeStyle = colors.line;
  g.lineWidth = 1;
  for (let row = 0; row <= rows.length; row++) {
    g.beginPath();
    g.moveTo(0, Math.round(row * colors.row) + 0.5);
    g.lineTo(w, Math.round(row * colors.row) + 0.5);
    g.stroke();
  }
  const step = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200]
    .find((s) => (s / span) * w >= 70) || 14400;
  g.font = "12px system-ui, sans-serif";
  for (let t = Math.ceil(block.from / step) * step; t <= block.from + span; t += step) {
    g.fillStyle = colors.line;
    g.fillRect(Math.round(x(t)), 0, 1, bottom + 3);
    g.fillStyle = colors.soft;
    if (x(t) < w - 40) g.fillText(step < 1 ? clock(t) : brief(t), x(t) + 3, bottom + 13);
  }
  for (const [event, row] of block.laid) {
    if (event.end < block.from || event.start > block.from + span) continue;
    const wide = Math.max(3, x(event.end) - x(event.start)), high = colors.row / 2 - 3;
    drawEvent(g, event, x(event.start), row * colors.row + (event.annotated ? 2 : high + 4),
      wide, high, colors);
  }
  if (chosen.recording === block.index) {
    g.fillStyle = colors.ink;
    g.fillRect(x(chosen.time) - 0.75, 0, 1.5, bottom);
  }
  overview.hidden = span >= recording.seconds;
  overview.style.display = overview.hidden ? "none" : "block";
  if (overview.hidden) return;
  const o = fit(overview), all = overview.clientWidth / recording.seconds;
  o.fillStyle = colors.line;
  o.fillRect(0, 0, overview.clientWidth, overview.clientHeight);
  for (const [event] of block.laid) {
    o.fillStyle = event.annotated ? colors.ink : colors[event.kind] || colors.found;
    o.fillRect(event.start * all, event.annotated ? 1 : 7, Math.max(1, (event.end - event.start) * all), 5);
  }
  o.strokeStyle = colors.ink;
  o.lineWidth = 2;
  o.strokeRect(block.from * all + 1, 1, span * all - 2, overview.clientHeight - 2);
}

function draw() {
  blocks.forEach(drawBlock);
  const recording = data.recordings[chosen.recording];
  if (!recording) return;
  drawSkeleton($("stage"), recording, data.skeletons[recording.skeleton], chosen.time);
  const event = events[chosen.event];
  const here = event && event.recording === chosen.recording &&
    chosen.time >= event.start - CONTEXT && chosen.time <= event.end + CONTEXT;
  const about = here ? words(event) : "";
  const text = `${recording.name} at ${clock(chosen.time)}\n${about}`;
  if (!chosen.playing || !about) $("caption").textContent = text;
  $("play").textContent = chosen.playing ? "stop (space)" : "play (space)";
}
