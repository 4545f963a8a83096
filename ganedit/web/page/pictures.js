// The pictures that were opened, and the masks that were painted on them.

import { ask, send } from "./api.js";
import { Mask } from "./brush.js";
import { say, sizeOf } from "./dom.js";
import { panel } from "./panel.js";
import { facts, show } from "./stage.js";
import { state, viewer } from "./state.js";

export async function open(files) {
  for (const file of files) {
    say(`Opening ${file.name}…`);
    try {
      const photo = await send(file, file.name || "pasted.png");
      state.photos.push(photo);
      look(photo);
      say(`${photo.name}: ${sizeOf(photo)}`);
    } catch (error) {
      say(error.message, true);
    }
  }
  remember();
}

export function look(photo) {
  state.photo = photo;
  state.shown = null;
  state.source = "pictures";
  show();
  panel();
}

export function forget(photo) {
  ask("DELETE", `files/${photo.id}`).catch(() => {});
  state.photos = state.photos.filter((each) => each !== photo);
  state.masks.delete(photo.id);
  if (state.photo === photo) state.photo = state.photos.at(-1) ?? null;
  if (!state.photo) state.shown = null;
  remember();
  show();
  panel();
}

export const remember = () => sessionStorage.setItem("ganedit-photos", JSON.stringify(state.photos));

export function maskOf(photo) {
  if (!state.masks.has(photo.id)) {
    const mask = new Mask(photo, state.reduced);
    mask.size = Math.max(8, Math.round(Math.max(photo.width, photo.height) / 24));
    mask.onchange = () => { viewer.drawPaint(); facts(); };
    state.masks.set(photo.id, mask);
  }
  return state.masks.get(photo.id);
}
