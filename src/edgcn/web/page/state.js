// Where the person is: recording, view, time, what is selected, what the timeline shows. It is the
// address of the page, so that every state can be kept, sent and gone back to.

export const VIEWS = ["code", "review", "map", "numbers", "files"];

export const here = {
  view: "code", row: 0, time: 0, selected: "", speed: 1, playing: false, loop: false,
  from: 0, to: 30, again: true, ghost: null, open: null, yaw: 0, pitch: 0,
};
export const about = { recordings: [], joints: [], bones: [], mirror: [] };

const watching = new Set();

export function watch(react) { watching.add(react); }

// Change where we are; everything that shows it is told once.
export function go(changes) {
  const changed = Object.keys(changes).filter((key) => here[key] !== changes[key]);
  if (!changed.length) return;
  if (changed.includes("row")) Object.assign(here, { selected: "", ghost: null, open: null });
  Object.assign(here, changes);
  for (const react of watching) react(new Set(changed));
}

export function recording() { return about.recordings[here.row]; }

// Address: #/code/interview_1?t=12.3&e=a7&x=2&from=0&to=30
export function address() {
  const values = new URLSearchParams();
  values.set("t", here.time.toFixed(3));
  if (here.selected) values.set("e", here.selected);
  if (here.speed !== 1) values.set("x", String(here.speed));
  if (here.loop) values.set("loop", "1");
  values.set("from", here.from.toFixed(2));
  values.set("to", here.to.toFixed(2));
  return `#/${here.view}/${encodeURIComponent(recording().name)}?${values}`;
}

export function fromAddress(hash = location.hash) {
  const [, view, name, query] = /^#\/([a-z]*)\/([^?]*)\??(.*)$/.exec(hash) || [];
  if (!VIEWS.includes(view)) return {};
  const row = about.recordings.findIndex((one) => one.name === decodeURIComponent(name));
  const values = new URLSearchParams(query);
  const number = (key, otherwise) => {
    const value = Number.parseFloat(values.get(key));
    return Number.isFinite(value) ? value : otherwise;
  };
  const seconds = about.recordings[Math.max(row, 0)].seconds;
  const from = Math.max(0, Math.min(number("from", 0), seconds - 0.5));
  return {
    view, row: Math.max(row, 0), time: Math.max(0, Math.min(number("t", 0), seconds)),
    selected: values.get("e") || "", speed: number("x", 1), loop: values.get("loop") === "1",
    from, to: Math.min(seconds, Math.max(from + 0.5, number("to", from + 30))),
  };
}

let waiting = 0;

// Put the state into the address, not more often than browsers allow.
export function keepAddress() {
  clearTimeout(waiting);
  waiting = setTimeout(() => history.replaceState(null, "", address()), here.playing ? 1000 : 150);
}
