// Requests to the server, whose refusals are one line each.

export class Refused extends Error {}

const LOST = "The page has lost ganedit: is it still running?";

export async function ask(method, path, body, kind = "application/json") {
  const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method, body: sent, headers: sent === undefined ? {} : { "content-type": kind },
    });
  } catch {
    throw new Refused(LOST);
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({ error: `the answer was ${answer.status}` }));
  if (!answer.ok) throw new Refused(told.error ?? `the answer was ${answer.status}`);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body ?? {});

// `told` hears which share of the file has gone; fetch does not say it.
export function send(file, name = file.name, told = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/files?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(event.loaded / event.total); };
    request.onerror = () => reject(new Refused(LOST));
    request.onload = () => request.status < 300 ? resolve(request.response)
      : reject(new Refused(request.response?.error ?? `the answer was ${request.status}`));
    request.send(file);
  });
}

export function sendMask(blob, photo) {
  return ask("POST", `masks?photo=${photo}`, blob, "image/png");
}

export const viewOf = (file, side) => `/api/files/${file.id}/view` + (side ? `?side=${side}` : "");
export const fileOf = (file) => `/api/files/${file.id}`;
export const tileOf = (file, level, column, row) =>
  `/api/files/${file.id}/tile/${level}/${column}/${row}`;
