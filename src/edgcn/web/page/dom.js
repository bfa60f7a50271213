// Elements without markup: text is always text, whatever is in a label.

export const $ = (id) => document.getElementById(id);

// el("button", {title: "x", onclick: f}, "text", child)
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function fill(place, ...children) {
  place.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

// A table of rows of texts; the first row is the header.
export function table(rows, { caption = "" } = {}) {
  const [head, ...body] = rows;
  return el("table", {},
    caption ? el("caption", {}, caption) : null,
    el("thead", {}, el("tr", {}, ...head.map((cell) => el("th", { scope: "col" }, cell)))),
    el("tbody", {}, ...body.map((row) => el("tr", {}, ...row.map((cell) =>
      el("td", typeof cell === "number" ? { className: "number" } : {}, shown(cell)))))));
}

// A number with two digits, without a minus before zero.
export const two = (value) => (typeof value === "number" ? value.toFixed(2).replace(/^-(0\.00)$/, "$1") : "–");

export function shown(cell) {
  if (cell === null || cell === undefined) return "–";
  if (typeof cell === "number") return Number.isInteger(cell) ? String(cell) : two(cell);
  return cell instanceof Node ? cell : String(cell);
}

export function clock(seconds, digits = 2) {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return `${minutes}:${rest}`;
}

let fading = 0;

// A line for the user; errors stay until the next one.
export function say(text, { wrong = false } = {}) {
  const place = $("message");
  place.textContent = text;
  place.className = wrong ? "wrong" : "";
  place.hidden = !text;
  clearTimeout(fading);
  if (!wrong) fading = setTimeout(() => { place.hidden = true; }, 4000);
}

// A canvas as large as it is drawn, in real pixels; its context in CSS pixels.
export function sized(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, width, height };
}
