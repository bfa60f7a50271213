// The map of windows with a lasso, and motifs: what people do again and again.

import { $, el, fill, say, sized } from "./dom.js";
import { here } from "./state.js";
import { get, trying } from "./api.js";
import { coding, eventsOf, labels } from "./coding.js";
import { SET, paper } from "./colors.js";
import { showWall } from "./wall.js";

const EDGE = 14;
let points = null, motifs = null, lasso = [], chosen = new Set();

export const mapState = () => ({ points: points?.points.length || 0, chosen: chosen.size, motifs: motifs?.length ?? null });

export async function showMap(wide) {
  const canvas = el("canvas", { id: "map", tabIndex: 0, ariaLabel: "Map of windows; drag a lasso around some" });
  const list = el("div", { id: "motifs" });
  const wall = el("div", { id: "wall-place" });
  fill(wide, el("div", { className: "map-column" }, el("h2", {}, "Map ", el("span", { className: "quiet" }, "windows that look alike are near each other; draw around some")), canvas, legend(), list), wall);
  if (!coding.features.ready) { fill(list, el("p", { className: "quiet" }, "The map is there once the encoder has looked at every window.")); return; }
  if (!points) { say("drawing the map …"); points = await trying(() => get("map")); }
  if (!points || !canvas.isConnected) return;
  say("");
  draw(canvas);
  new ResizeObserver(() => draw(canvas)).observe(canvas);
  listen(canvas, wall);
  if (!motifs) motifs = await trying(() => get("motifs"));
  if (motifs && list.isConnected) showMotifs(list, wall);
}

function legend() {
  return el("p", { className: "legend" }, ...labels().slice(0, SET.length).map(({ name }, index) => {
    const mark = el("span", { className: `dot shape${index % SHAPES.length}` });
    mark.style.setProperty("--mark", SET[index]);
    return el("span", {}, mark, ` ${name}`);
  }));
}

// Outlines from -1 to 1, by label as colors are: two that look alike to some differ in shape. None is a circle.
const SHAPES = [
  [], [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], [[0, -1.2], [1.2, 1], [-1.2, 1]], [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  [[-0.4, -1.3], [0.4, -1.3], [0.4, -0.4], [1.3, -0.4], [1.3, 0.4], [0.4, 0.4], [0.4, 1.3], [-0.4, 1.3], [-0.4, 0.4], [-1.3, 0.4], [-1.3, -0.4], [-0.4, -0.4]],
];

function shape(context, outline, x, y, size) {
  context.beginPath();
  if (!outline.length) context.arc(x, y, size, 0, 2 * Math.PI);
  else outline.forEach(([right, down], index) => (index ? context.lineTo(x + size * right, y + size * down) : context.moveTo(x + size * right, y + size * down)));
  context.closePath();
}

// The color and outline of what was coded at a window, if anything was.
function colorOf([, , row, start, end], numbers) {
  for (const event of eventsOf(row)) {
    if (event.status === "rejected") continue;
    if (Math.min(end, event.end) - Math.max(start, event.start) > 0.5 * (end - start)) {
      const number = numbers.get(event.label) ?? 7;
      return [SET[number] || SET[7], event.status !== "suggested", SHAPES[number % SHAPES.length]];
    }
  }
  return [paper().quiet, false, SHAPES[0]];
}

const placed = (point, width, height) => [EDGE + point[0] * (width - 2 * EDGE), EDGE + point[1] * (height - 2 * EDGE)];

function draw(canvas) {
  const { context, width, height } = sized(canvas), numbers = new Map(labels().map(({ name }, index) => [name, index]));
  context.clearRect(0, 0, width, height);
  points.points.forEach((point, index) => {
    const [x, y] = placed(point, width, height), [color, sure, outline] = colorOf(point, numbers);
    context.globalAlpha = sure ? 1 : 0.55;
    context.fillStyle = color;
    shape(context, outline, x, y, chosen.has(index) ? 5 : sure ? 3.8 : 2.5);
    context.fill();
    if (chosen.has(index)) { context.globalAlpha = 1; context.strokeStyle = paper().strong; context.stroke(); }
  });
  context.globalAlpha = 1;
  if (lasso.length > 1) {
    context.strokeStyle = paper().strong;
    context.setLineDash([4, 3]);
    context.beginPath();
    lasso.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    context.setLineDash([]);
  }
}

function listen(canvas, wall) {
  canvas.addEventListener("pointerdown", (down) => {
    canvas.setPointerCapture(down.pointerId);
    lasso = [[down.offsetX, down.offsetY]];
    const move = (event) => { lasso.push([event.offsetX, event.offsetY]); draw(canvas); };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", () => {
      canvas.removeEventListener("pointermove", move);
      choose(canvas, wall);
    }, { once: true });
  });
}

function choose(canvas, wall) {
  const { clientWidth: width, clientHeight: height } = canvas;
  chosen = new Set();
  points.points.forEach((point, index) => { if (inside(placed(point, width, height), lasso)) chosen.add(index); });
  lasso = [];
  draw(canvas);
  showWall(wall, apart([...chosen].map((index) => points.points[index].slice(2))), `${chosen.size} windows`);
}

// Of windows that overlap, one.
function apart(parts) {
  const kept = [];
  for (const part of parts) if (!kept.some((one) => one[0] === part[0] && one[1] < part[2] && one[2] > part[1])) kept.push(part);
  return kept;
}

function inside([x, y], line) {
  let within = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [[xi, yi], [xj, yj]] = [line[i], line[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

function showMotifs(list, wall) {
  const rows = motifs.map((motif, index) => el("li", {}, el("button", {
    onclick: () => showWall(wall, motif.all.map((part) => part.slice(0, 3)), `Motif ${index + 1}: ${motif.times} times in ${motif.recordings} recordings`),
  }, `Motif ${index + 1}: ${motif.times} times, ${motif.recordings} recordings, same for other seeds ${Math.round(100 * motif.stable)} %`)));
  fill(list, el("h2", {}, "What people do again and again"),
    rows.length ? el("ol", {}, ...rows) : el("p", { className: "quiet" }, "No cluster is found again with other seeds: none is shown."));
  if (here.view === "map" && rows.length && !wall.childElementCount) rows[0].querySelector("button").click();
}
