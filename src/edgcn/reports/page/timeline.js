// The list: only the lines that are visible exist

function arrange() {
  const show = $("show").value, label = $("label").value, least = Number($("least").value);
  const sort = $("sort").value, sign = sort === "low" ? 1 : -1;
  $("leastis").textContent = least.toFixed(2);
  shown = events.filter((event) =>
    (show === "all" || (show === "annotated") === Boolean(event.annotated)) &&
    (label === "" || event.label === Number(label)) &&
    (event.score === null || event.score >= least)).map((event) => event.id);
  const sure = (id) => (events[id].score === null ? 2 : events[id].score);
  if (sort !== "time") shown.sort((a, b) => sign * (sure(a) - sure(b)) || a - b);
  listed();
}

function anew() {
  Object.assign(chosen, { event: -1, playing: false });
  $("list").scrollTop = 0;
  arrange();
  draw();
}

function listed() {
  const list = $("list"), row = style().row * 1.7 / 1.6;
  const first = Math.max(0, Math.floor(list.scrollTop / row) - 3);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / row) + 6);
  const end = document.createElement("div");
  end.style.height = `${shown.length * row}px`;
  list.replaceChildren(end);
  for (let place = first; place < last; place++) {
    const event = events[shown[place]], item = document.createElement("div");
    item.className = event.id === chosen.event ? "item chosen" : "item";
    item.style.top = `${place * row}px`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(event.id === chosen.event));
    const sure = event.score === null ? "" : event.score.toFixed(2);
    for (const text of [data.labels[event.label], event.kind, sure,
      data.recordings.length > 1 ? data.recordings[event.recording].name : "",
      brief(event.start)]) {
      const cell = document.createElement("span");
      cell.textContent = cell.title = text;
      item.append(cell);
    }
    item.addEventListener("click", () => choose(event.id));
    list.append(item);
  }
}

// Choosing, playing

function choose(id) {
  const event = events[id];
  if (!event) return;
  Object.assign(chosen, { event: id, recording: event.recording, time: event.start,
    playing: !calm });
  const block = blocks[event.recording], span = spanOf(block), place = shown.indexOf(id);
  if (event.start < block.from || event.end > block.from + span) {
    block.from = (event.start + event.end - span) / 2;
  }
  block.lanes.closest("section").scrollIntoView({ block: "nearest" });
  const list = $("list"), row = style().row * 1.7 / 1.6;
  if (place >= 0 && (place * row < list.scrollTop || (place + 1) * row > list.scrollTop + list.clientHeight)) {
    list.scrollTop = (place - 2) * row;
  }
  listed();
  $("caption").textContent = `${data.recordings[event.recording].name}\n${words(event)}`;
  draw();
  if (chosen.playing) requestAnimationFrame(play);
}

function step(by) {
  const place = shown.indexOf(chosen.event);
  if (place < 0) choose(shown[by > 0 ? 0 : shown.length - 1]);
  else choose(shown[(place + by + shown.length) % shown.length]);
}

let before = 0;
function play(now) {
  const running = chosen.playing && before && now - before < 250;
  const recording = data.recordings[chosen.recording], event = events[chosen.event];
  if (running) chosen.time += (now - before) / 1000;
  before = chosen.playing ? now : 0;
  if (!chosen.playing) return;
  const loop = event && event.recording === chosen.recording;
  const from = loop ? Math.max(0, event.start - CONTEXT) : 0;
  const to = loop ? Math.min(recording.seconds, event.end + CONTEXT) : recording.seconds;
  if (chosen.time > to || chosen.time < from) chosen.time = from;
  const block = blocks[chosen.recording];
  drawBlock(block);
  drawSkeleton($("stage"), recording, data.skeletons[recording.skeleton], chosen.time);
  requestAnimationFrame(play);
}

function toggle() {
  chosen.playing = !chosen.playing;
  before = 0;
  draw();
  if (chosen.playing) requestAnimationFrame(play);
}

function zoom(by) {
  const longest = Math.max(CLOSEST, ...data.recordings.map((recording) => recording.seconds));
  const old = chosen.span;
  chosen.span = Math.max(CLOSEST, Math.min(longest, old * by));
  for (const block of blocks) {
    const middle = block.index === chosen.recording ? chosen.time : block.from + old / 2;
    block.from = middle - chosen.span / 2;
  }
  draw();
}

for (const block of blocks) {
  let drag = null;
  const time = (at) => {
    const box = block.lanes.getBoundingClientRect();
    return block.from + ((at.clientX - box.left) / box.width) * spanOf(block);
  };
  const under = (at) => {
    const t = time(at), height = style().row, y = at.clientY - block.lanes.getBoundingClientRect().top;
    const row = Math.floor(y / height), above = (y / height) % 1 < 0.5;
    const slack = (3 / block.lanes.clientWidth) * spanOf(block);
    const hits = block.laid.filter(([event, own]) =>
      own === row && event.start - slack <= t && t <= event.end + slack);
    const exact = hits.find(([event]) => Boolean(event.annotated) === above) || hits[0];
    return exact ? exact[0].id : -1;
  };
  block.lanes.addEventListener("pointermove", (at) => {
    if (drag) block.from = drag.from - ((at.clientX - drag.x) / block.lanes.clientWidth) * spanOf(block);
    Object.assign(chosen, { recording: block.index, playing: false, time:
      Math.max(0, Math.min(block.recording.seconds, time(at))) });
    const event = events[under(at)];
    draw();
    if (event) $("caption").textContent =
      `${block.recording.name} at ${clock(chosen.time)}\n${words(event)}`;
  });
  block.lanes.addEventListener("pointerdown", (at) => {
    drag = { x: at.clientX, from: block.from };
    block.lanes.setPointerCapture(at.pointerId);
  });
  block.lanes.addEventListener("pointerup", (at) => {
    const still = drag && Math.abs(at.clientX - drag.x) < 4;
    drag = null;
    if (still && under(at) >= 0) choose(under(at));
  });
  block.overview.addEventListener("pointerdown", (at) => {
    const box = block.overview.getBoundingClientRect();
    const t = ((at.clientX - box.left) / box.width) * block.recording.seconds;
    block.from = t - spanOf(block) / 2;
    draw();
  });
}

// Start

for (const [index, label] of data.labels.entries()) {
  const option = document.createElement("option");
  option.value = String(index);
  option.textContent = label;
  $("label").append(option);
}
const some = (annotated) => events.some((event) => Boolean(event.annotated) === annotated);
if (!some(false)) $("show").value = "annotated";
$("verdicts").hidden = !events.some((event) => event.verdict);
chosen.span = Math.min(FIRST, Math.max(CLOSEST, ...data.recordings.map((r) => r.seconds)));
for (const name of ["sort", "label", "show", "least"]) $(name).addEventListener("input", anew);
$("list").addEventListener("scroll", listed);
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("play").addEventListener("click", toggle);
$("in").addEventListener("click", () => zoom(0.5));
$("out").addEventListener("click", () => zoom(2));
const KEYS = { n: () => step(1), ArrowRight: () => step(1), ArrowDown: () => step(1),
  p: () => step(-1), ArrowLeft: () => step(-1), ArrowUp: () => step(-1), " ": toggle,
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
  s: () => { $("sort").selectedIndex = ($("sort").selectedIndex + 1) % 3; anew(); } };
document.addEventListener("keydown", (key) => {
  const own = key.target.closest("select, input") || (key.key === " " && key.target.closest("button"));
  if (own || key.ctrlKey || key.metaKey || key.altKey || !KEYS[key.key]) return;
  key.preventDefault();
  KEYS[key.key]();
});
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const block = blocks.find((one) => one.lanes === entry.target.querySelector(".lanes"));
    block.near = entry.isIntersecting;
    if (block.near) drawBlock(block);
    else block.lanes.width = block.overview.width = 0;
  }
}, { rootMargin: "300px" });
window.addEventListener("beforeprint", () => {
  for (const block of blocks) block.near = true;
  draw();
});
for (const block of blocks) near.observe(block.lanes.closest("section"));
new ResizeObserver(() => { draw(); listed(); }).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
arrange();
draw();
window.edgcn = { state: () => ({ ...chosen, shown: [...shown], events: events.length,
  recordings: data.recordings.length, from: blocks.map((block) => block.from) }) };
