// Files: what other tools read, what they changed, and the paragraph for the methods section.

import { el, fill, say } from "./dom.js";
import { about, recording } from "./state.js";
import { get, trying, upload } from "./api.js";
import { refresh, tab } from "./coding.js";

const FORMATS = [
  ["eaf", "ELAN", "an .eaf for each recording, in one archive; suggestions keep their confidence"],
  ["boris", "BORIS", "a project with all recordings"],
  ["csv", "table", "CSV, one row an event, with status and by whom"],
  ["edgcn", "recognizer", "a file that edgcn recognize, fit and studio take: it finds in other recordings what is coded here"],
  ["vtt", "WebVTT", "captions to watch beside the video"],
];
const KINDS = [
  ["back", "corrections of what I exported here"],
  ["new", "new events"],
  ["coder", "another coder, to compare with"],
];

export async function showFiles(wide) {
  const also = el("input", { type: "checkbox", id: "also" });
  const links = FORMATS.map(([format, name, text]) => el("li", {},
    el("button", { onclick: () => download(format, also.checked), id: `export-${format}` }, name), ` ${text}`));
  const file = el("input", { type: "file", accept: ".eaf,.etf,.boris,.csv,.tsv,.txt,.gz", "aria-label": "Annotation file" });
  const kind = el("select", { "aria-label": "What it is" }, ...KINDS.map(([value, text]) => el("option", { value }, text)));
  const told = el("ul", {});
  const text = el("textarea", { readOnly: true, rows: 9, "aria-label": "Methods paragraph" });
  fill(wide, el("div", { className: "files" },
    el("section", {}, el("h2", {}, "Export"), el("ul", { className: "plain" }, ...links), el("label", {}, also, " with suggestions that nobody judged yet")),
    el("section", {}, el("h2", {}, "Import"), el("p", {}, file, " as ", kind, " ", el("button", { onclick: () => read(file, kind.value, told) }, "Import")), told),
    el("section", {}, el("h2", {}, "For the methods section"), text,
      el("button", { onclick: () => navigator.clipboard.writeText(text.value).then(() => say("copied")) }, "Copy")),
    el("section", {}, el("h2", {}, "About"), ...about.sentences.map((line) => el("p", {}, line)),
      el("p", { className: "quiet" }, "Everything is written to a journal beside the recordings before it is answered; a crash loses at most the key in flight."))));
  const found = await trying(() => get("methods"));
  if (found) text.value = found.text;
}

async function download(format, suggestions) {
  await trying(async () => {
    const response = await fetch(`/api/export?format=${format}&suggestions=${suggestions}`);
    if (!response.ok) throw new Error((await response.json()).error);
    const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition"))[1];
    const link = el("a", { href: URL.createObjectURL(await response.blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`saved ${name}`);
  });
}

async function read(input, kind, told) {
  const file = input.files[0];
  if (!file) { say("choose a file first"); return; }
  const values = { name: file.name, tab, kind, recording: recording().name };
  const answer = await trying(() => upload("import", values, file));
  if (!answer) return;
  await refresh();
  const counts = Object.entries(answer.counts).filter(([, count]) => count).map(([what, count]) => `${count} ${what}`);
  fill(told, el("li", {}, `${file.name}: ${counts.join(", ") || "nothing new"}`), ...answer.notes.slice(0, 20).map((line) => el("li", {}, line)));
}
