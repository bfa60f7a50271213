// Frames of a recording: float16 by ranges of bytes, decoded by a table, kept while they are near.

import { bytes, get } from "./api.js";
import { about } from "./state.js";

const CHUNK = 512, KEPT = 400; // frames of a chunk; chunks kept
let halves = null;

// All 65536 values of float16.
function table() {
  if (halves) return halves;
  halves = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, part = bits & 1023;
    halves[bits] = exponent === 31 ? (part ? NaN : sign * Infinity)
      : exponent ? sign * 2 ** (exponent - 15) * (1 + part / 1024) : sign * 2 ** -14 * (part / 1024);
  }
  return halves;
}

class Frames {
  constructor(row) {
    this.row = row;
    this.about = about.recordings[row];
    this.size = about.bodies * about.joints.length * about.dims;
    this.chunks = new Map();
    this.times = null;
    this.reach = null; // lowest and highest, about the middle
    this.ready = this.begin();
  }

  async begin() {
    const [middle, low, high] = await get(`bounds/${this.row}`);
    this.reach = [low.map((v, i) => v - middle[i]), high.map((v, i) => v - middle[i])];
    if (this.about.uneven) this.times = new Float64Array(await bytes(`times/${this.row}`));
  }

  // The frame that is shown at a moment.
  index(time) {
    const last = this.about.frames - 1;
    if (!this.times) return Math.max(0, Math.min(last, Math.floor(time * this.about.fps + 1e-6)));
    let low = 0, high = last;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 1e-6) low = middle; else high = middle - 1;
    }
    return low;
  }

  timeOf(index) {
    const at = Math.max(0, Math.min(this.about.frames - 1, index));
    return this.times ? this.times[at] : at / this.about.fps;
  }

  // Coordinates (bodies, joints, dims) at a moment; null while they are on their way.
  at(time) {
    const index = this.index(time), chunk = Math.floor(index / CHUNK);
    const found = this.chunk(chunk);
    if ((index % CHUNK) > CHUNK / 2) this.chunk(chunk + 1);
    if (!(found instanceof Float32Array)) return null;
    const first = (index - chunk * CHUNK) * this.size;
    return found.subarray(first, first + this.size);
  }

  chunk(number) {
    const first = number * CHUNK, last = Math.min(first + CHUNK, this.about.frames) - 1;
    if (last < first) return null;
    let found = this.chunks.get(number);
    if (!found) {
      const range = [first * this.size * 2, (last + 1) * this.size * 2 - 1];
      found = bytes(`frames/${this.row}`, { range }).then((data) => {
        const words = new Uint16Array(data), values = new Float32Array(words.length), of = table();
        for (let i = 0; i < words.length; i += 1) values[i] = of[words[i]];
        this.chunks.set(number, values);
        if (this.chunks.size > KEPT) this.chunks.delete(this.chunks.keys().next().value);
        return values;
      }).catch(() => { this.chunks.delete(number); return null; });
      this.chunks.set(number, found);
    }
    return found;
  }
}

const open = new Map();

export function framesOf(row) {
  if (!open.has(row)) open.set(row, new Frames(row));
  return open.get(row);
}
