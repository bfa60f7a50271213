// Calls to the server on this machine; what it refuses is shown as its one line.

import { say } from "./dom.js";

export class Refused extends Error {}

async function answer(response) {
  if (response.ok) return response;
  const text = await response.text();
  let line = text;
  try { line = JSON.parse(text).error || JSON.stringify(JSON.parse(text).detail) || text; } catch { /* plain */ }
  throw new Refused(line || `the server answered ${response.status}`);
}

export async function get(path, values = {}) {
  const query = new URLSearchParams(values).toString();
  return (await answer(await fetch(`/api/${path}${query ? `?${query}` : ""}`))).json();
}

export async function bytes(path, { range = null, values = {} } = {}) {
  const query = new URLSearchParams(values).toString();
  const headers = range ? { Range: `bytes=${range[0]}-${range[1]}` } : {};
  return (await answer(await fetch(`/api/${path}${query ? `?${query}` : ""}`, { headers }))).arrayBuffer();
}

export async function post(path, values) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(values) });
  return (await answer(response)).json();
}

export async function upload(path, values, file) {
  const query = new URLSearchParams(values).toString();
  return (await answer(await fetch(`/api/${path}?${query}`, { method: "POST", body: file }))).json();
}

// Do something and show what goes wrong.
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    say(error instanceof Refused ? error.message : `the server does not answer (${error.message})`, { wrong: true });
    return null;
  }
}
