// The pictures that were opened, and the masks that were painted on them.

import { ask, send } from "./api.js";
import { Drawing, Mask } from "./brush.js";
import { say, sizeOf } from "./dom.js";
import { panel, ready } from "./panel.js";
import { facts, show } from "./stage.js";
import { painted, state, viewer } from "./state.js";

// Bytes of a file from which on it is told how much of it has gone.
const LARGE = 4e6;

export async function open(files) {
  for (const file of files) {
    say(`Opening ${file.name}…`);
    try {
      const photo = await send(file, file.name || "pasted.png", (share) => {
        if (file.size > LARGE) say(share < 1 ? `Sending ${file.name}: ${Math.floor(share * 100)} %` : `Reading ${file.name}…`);
      });
      state.photos.push(photo);
      look(photo);
      say([`${photo.name}: ${sizeOf(photo)}`, ...photo.notes].join("; "));
    } catch (error) {
      say(error.message, true);
    }
  }
  remember();
}

export function look(photo) {
  const folder = state.source === "folder";
  state.photo = photo;
  state.shown = null;
  state.source = "pictures";
  show();
  if (folder) panel(); else ready();
}

export function forget(photo) {
  ask("DELETE", `files/${photo.id}`).catch(() => {});
  state.photos = state.photos.filter((each) => each !== photo);
  state.masks.delete(photo.id);
  drawings.delete(photo.id);
  if (state.photo === photo) state.photo = state.photos.at(-1) ?? null;
  if (!state.photo) state.shown = null;
  remember();
  show();
  ready();
}

export const remember = () => sessionStorage.setItem("ganedit-photos", JSON.stringify(state.photos));

// Longer side of an empty sheet in pixels.
const SHEET = 768;

// An empty sheet to draw on.
export async function draw() {
  const canvas = Object.assign(document.createElement("canvas"), { width: SHEET, height: SHEET });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SHEET, SHEET);
  const sheet = await send(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), "drawing.png");
  // `sent`: what it was when jobs were started, by id; `now`: the id of it as it is, once sent.
  const photo = { ...sheet, strokes: [], sent: {}, now: null };
  state.photos.push(photo);
  state.tool = "paint";
  remember();
  look(photo);
}

// The file of a picture: of a drawing as it is now, sent when it has changed.
export async function filed(photo) {
  if (!photo.strokes) return photo;
  if (!photo.now) {
    const sent = await send(await drawingOf(photo).file(), photo.name);
    photo.sent[sent.id] = sent;
    photo.now = sent.id;
    remember();
  }
  return photo.sent[photo.now];
}

const drawings = new Map();

export function drawingOf(photo) {
  if (!drawings.has(photo.id)) {
    const drawing = brushFor(new Drawing(photo), Math.round(SHEET / 128));
    const { onchange } = drawing;
    drawing.onchange = () => { photo.now = null; remember(); onchange(); };
    drawings.set(photo.id, drawing);
  }
  return drawings.get(photo.id);
}

export function maskOf(photo) {
  if (!state.masks.has(photo.id)) {
    const size = Math.max(8, Math.round(Math.max(photo.width, photo.height) / 24));
    state.masks.set(photo.id, brushFor(new Mask(photo, state.reduced), size));
  }
  return state.masks.get(photo.id);
}

function brushFor(strokes, size) {
  strokes.size = size;
  strokes.onchange = () => { viewer.drawPaint(); facts(); };
  return strokes;
}

// What the brush paints on: a drawing where the task takes one, else a mask where it takes one.
export function brushOf(photo) {
  if (photo?.strokes && state.task.drawn) return drawingOf(photo);
  return photo && painted() ? maskOf(photo) : null;
}
