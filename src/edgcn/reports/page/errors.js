const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const PAUSE = 0.4;  // seconds between two rounds of a clip
const wrong = data.wrong.map(([name, subject, condition, truth, predicted, sure, nearest,
  nearestClass, clip, near]) => ({ name, subject, condition, true: truth, predicted, sure, nearest,
  nearestClass, clip, near }));
const FIELDS = ["true", "predicted", "subject", "condition"];
let moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
let shown = [];

function line(parent, text, soft) {
  const p = document.createElement("p");
  p.textContent = text;
  if (soft) p.className = "soft";
  parent.append(p);
}

function card(one) {
  const box = document.createElement("article");
  box.className = "card";
  if (one.clip !== null && data.skeleton) {
    const two = document.createElement("div");
    two.className = "two";
    for (const number of [one.clip, one.near]) {
      const canvas = document.createElement("canvas");
      canvas.dataset.clip = number;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", number === one.clip ? one.name : one.nearest);
      two.append(canvas);
    }
    box.append(two);
  }
  line(box, `${one.true} taken for ${one.predicted} (${one.sure.toFixed(2)})`);
  line(box, [one.name, one.subject, one.condition].filter(Boolean).join(", "), true);
  line(box, `nearest: ${one.nearest}, ${one.nearestClass}`, true);
  return box;
}

const visible = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) visible.add(entry.target);
    else visible.delete(entry.target);
  }
  if (!moving) draw(0);
}, { rootMargin: "100px" });

function draw(now) {
  for (const canvas of visible) {
    const clip = data.clips[canvas.dataset.clip], length = clip.frames / clip.fps;
    const at = moving ? (now / 1000) % (length + PAUSE) : length / 2;
    drawSkeleton(canvas, clip, data.skeleton, Math.min(at, length));
  }
}

function round(now) {
  if (!moving) return;
  draw(now);
  requestAnimationFrame(round);
}

function arrange() {
  shown = wrong.filter((one) => FIELDS.every((f) => !$(f).value || one[f] === $(f).value.slice(1)));
  const rest = data.total - wrong.length;
  const more = rest ? ` ${rest} more wrong clips are only in errors.csv.` : "";
  $("count").textContent = `${shown.length} of ${wrong.length} wrong clips.${more}`;
  watch.disconnect();
  visible.clear();
  $("wall").replaceChildren(...shown.map(card));
  for (const canvas of $("wall").querySelectorAll("canvas")) watch.observe(canvas);
  for (const button of document.querySelectorAll("#matrix button")) {
    const [row, column] = button.dataset.cell.split(",").map((n) => `=${data.classes[Number(n)]}`);
    button.classList.toggle("chosen", row === $("true").value && column === $("predicted").value);
  }
}

for (const field of FIELDS) {
  const values = [...new Set(wrong.map((one) => one[field]))].filter(Boolean).sort();
  for (const value of values) {
    const option = document.createElement("option");
    option.value = `=${value}`;
    option.textContent = value;
    $(field).append(option);
  }
  $(field).closest("label").hidden = values.length < 2;
  $(field).addEventListener("input", arrange);
}
$("matrix").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const [row, column] = button.dataset.cell.split(",").map((n) => `=${data.classes[Number(n)]}`);
  Object.assign($("true"), { value: row });
  Object.assign($("predicted"), { value: column });
  $("subject").value = $("condition").value = "";
  arrange();
  $("count").closest("section").scrollIntoView({ block: "start" });
});
$("all").addEventListener("click", () => {
  for (const field of FIELDS) $(field).value = "";
  arrange();
});
$("still").addEventListener("click", () => {
  moving = !moving;
  $("still").textContent = moving ? "stop" : "play";
  if (moving) requestAnimationFrame(round);
  else draw(0);
});
$("still").textContent = moving ? "stop" : "play";
arrange();
requestAnimationFrame(round);
window.edgcn = { state: () => ({ shown: shown.length, wrong: wrong.length, moving,
  visible: visible.size, names: shown.map((one) => one.name) }) };
