// Requests to the server, whose refusals are one line each.

export class Refused extends Error {}

export async function ask(method, path, body, kind = "application/json") {
  const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method, body: sent, headers: sent === undefined ? {} : { "content-type": kind },
    });
  } catch {
    throw new Refused("The page has lost ganedit: is it still running?");
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({ error: `the answer was ${answer.status}` }));
  if (!answer.ok) throw new Refused(told.error ?? `the answer was ${answer.status}`);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body ?? {});

export function send(file, name = file.name) {
  return ask("POST", `files?name=${encodeURIComponent(name)}`, file, "application/octet-stream");
}

export function sendMask(blob, photo) {
  return ask("POST", `masks?photo=${photo}`, blob, "image/png");
}

export const viewOf = (file, side) => `/api/files/${file.id}/view` + (side ? `?side=${side}` : "");
export const fileOf = (file) => `/api/files/${file.id}`;
export const tileOf = (file, level, column, row) =>
  `/api/files/${file.id}/tile/${level}/${column}/${row}`;
