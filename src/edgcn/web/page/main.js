// Begins the page: what is open, the views, the address; and says what is drawn, for tests.

import { $, el, fill, say } from "./dom.js";
import { get } from "./api.js";
import { VIEWS, about, address, fromAddress, go, here, keepAddress, recording, watch } from "./state.js";
import { change, coding, eventsOf, labels, load, onCoding, queue, refresh } from "./coding.js";
import { beginPlayer, drawn } from "./player.js";
import { beginTimeline, drawnEvents } from "./timeline.js";
import { beginMouse } from "./mouse.js";
import { beginKeys } from "./keys.js";
import { beginPanel, refreshPanel } from "./panel.js";
import { mapState, showMap } from "./map.js";
import { wallState } from "./wall.js";
import { showNumbers } from "./numbers.js";
import { showFiles } from "./files.js";

const TITLES = { code: "Code", review: "Review", map: "Map", numbers: "Numbers", files: "Files" };
const WIDE = { map: showMap, numbers: showNumbers, files: showFiles };

function showView() {
  const wide = here.view in WIDE;
  document.body.dataset.view = here.view;
  for (const id of ["stage", "panel", "time"]) $(id).hidden = wide;
  $("wide").hidden = !wide;
  for (const link of $("views").children) {
    if (link.dataset.view === here.view) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  if (wide) WIDE[here.view]($("wide")); else { fill($("wide")); refreshPanel(); }
}

function showState() {
  const { done, total, ready } = coding.features, waiting = queue().length;
  const parts = [coding.saving ? "saving …" : "saved"];
  if (!ready && total) parts.push(`encoder ${Math.floor((100 * done) / total)} %`);
  if (waiting) parts.push(`${waiting} to review`);
  if (coding.conflicts.length) parts.push("edited in two places");
  $("state").textContent = parts.join(" · ");
  $("seen").checked = coding.seen.get(recording().name) === true;
}

function header() {
  $("title").textContent = about.title;
  document.title = `${about.title} – edgcn studio`;
  fill($("recording"), ...about.recordings.map((one, row) => el("option", { value: String(row) }, one.subject ? `${one.name} (${one.subject})` : one.name)));
  $("recording").addEventListener("change", (event) => go({ row: Number(event.target.value) }));
  $("seen").addEventListener("change", (event) => change({ [`seen:${recording().name}`]: event.target.checked || null }));
  fill($("views"), ...VIEWS.map((view, index) => {
    const link = el("a", { href: `#/${view}`, title: `Alt+${index + 1}`, onclick: (event) => { event.preventDefault(); go({ view }); } }, TITLES[view]);
    link.dataset.view = view;
    return link;
  }));
  fill($("sentences"), ...[...about.sentences, about.note].filter(Boolean).map((line) => el("span", {}, line)));
}

// What is there and what is drawn, as tests ask for it.
function state() {
  return {
    ...here, recording: recording().name, address: address(), frame: drawn.frame, fps: drawn.fps,
    pending: drawn.pending, drawnEvents: drawnEvents.count, events: eventsOf(here.row).length,
    all: Object.fromEntries(coding.events), labels: labels(), rounds: coding.rounds, number: coding.number,
    waiting: queue().length, conflicts: coding.conflicts.length, saving: coding.saving, features: coding.features,
    map: mapState(), wall: wallState(),
  };
}

async function begin() {
  Object.assign(about, await get("about"));
  await load();
  Object.assign(here, { to: Math.min(30, about.recordings[0].seconds) }, fromAddress());
  header();
  $("recording").value = String(here.row);
  beginPlayer();
  beginTimeline();
  beginMouse();
  beginKeys();
  beginPanel();
  watch((changed) => {
    if (changed.has("view")) showView();
    if (changed.has("row")) { $("recording").value = String(here.row); showState(); }
    keepAddress();
  });
  onCoding(showState);
  showView();
  showState();
  keepAddress();
  addEventListener("hashchange", (event) => go(fromAddress(new URL(event.newURL).hash)));
  setInterval(() => { if (!document.hidden) refresh(); }, 2000);
  window.edgcn = { state };
}

begin().catch((error) => say(`the page could not begin: ${error.message}`, { wrong: true }));
