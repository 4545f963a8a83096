// What is seen: a picture, before and after, the brushes, the strip, a folder's results.

import { viewOf } from "./api.js";
import { $, bytesOf, fill, h, megapixels, sizeOf } from "./dom.js";
import { progressOf } from "./jobs.js";
import { forget, look, maskOf } from "./pictures.js";
import { result } from "./results.js";
import { edited, painted, state, viewer } from "./state.js";

export function show(keep = false) {
  const folder = state.source === "folder" && edited();
  const drawn = !edited();
  const made = state.shown?.made;
  const before = drawn ? null : made?.source ?? state.photo;
  const after = made?.result ?? null;
  const inGrid = folder && !state.shown;
  const nothing = !before && !after;
  $("grid").hidden = !inGrid;
  $("viewer").hidden = Boolean(inGrid) || nothing;
  $("tools").hidden = Boolean(inGrid) || nothing;
  $("empty").hidden = !nothing || Boolean(inGrid);
  $("pick").hidden = drawn;
  $("empty-title").textContent = drawn ? "What is drawn appears here" : "Drop pictures here";
  $("empty").classList.toggle("drawn", drawn);
  const both = Boolean(before && after && made.result.name && !made.sheet);
  $("compare").hidden = $("label-before").hidden = $("label-after").hidden = !both;
  brushes(!inGrid && before === state.photo && !after);
  viewer.show(after && !both ? null : before, after, { keep });
  strip();
  grid();
  facts();
}

export function brushes(possible) {
  const wanted = painted() && state.photo && possible && state.source === "pictures";
  $("brushes").hidden = !wanted;
  viewer.overlay = viewer.brush = null;
  if (!wanted) { $("viewer").style.cursor = "grab"; return; }
  const mask = maskOf(state.photo);
  viewer.overlay = (context, zoom) => mask.draw(context, zoom);
  viewer.brush = state.tool === "move" ? null : mask;
  if (state.tool === "move") mask.leave();
  mask.erases = state.tool === "erase";
  $("viewer").style.cursor = state.tool === "move" ? "grab" : "none";
  const size = $("size");
  size.max = Math.max(64, Math.round(Math.max(state.photo.width, state.photo.height) / 5));
  size.value = mask.size;
  document.querySelector(`#brushes input[value=${state.tool}]`).checked = true;
}

export function facts() {
  const made = state.shown?.made;
  const file = made?.result ?? state.photo;
  $("facts").textContent = file
    ? `${file.name} · ${sizeOf(file)} · ${megapixels(file.width, file.height)} · ${bytesOf(file.bytes)}` : "";
  const mask = state.photo && state.masks.get(state.photo.id);
  $("undo").disabled = !mask?.strokes.length;
  $("clear").disabled = $("save-mask").disabled = !mask || mask.empty;
}

function strip() {
  const list = $("strip");
  list.hidden = !edited() || state.source === "folder" || !state.photos.length;
  fill(list, ...state.photos.map((photo) => h("div", { class: "thumb", role: "listitem" },
    h("button", {
      type: "button", "aria-label": photo.name, "aria-current": photo === state.photo ? "true" : null,
      onclick: () => look(photo),
    }, h("img", { src: viewOf(photo, 256), alt: "", onerror: () => forget(photo) })),
    h("button", { type: "button", class: "close", "aria-label": `Close ${photo.name}`, onclick: () => forget(photo) }, "×"),
  )), h("button", { type: "button", class: "add", "aria-label": "Choose more pictures", onclick: () => $("file").click() }, "+"));
}

export function grid() {
  const place = $("grid");
  if (place.hidden) return;
  const job = state.jobs.findLast((each) => each.folder && !each.estimate && each.task === state.task.name);
  const made = job?.made ?? [];
  fill(place, 
    h("p", { class: "large" }, job ? progressOf(job) : "Choose a folder, and see here how it goes through."),
    h("div", { class: "pictures" }, made.toReversed().map((each) => h("button", {
      type: "button", "aria-label": each.result.name, title: each.result.name,
      onclick: () => { state.shown = { job, made: each }; show(); result(); },
    }, h("img", {
        src: viewOf(each.result, 256), alt: "", loading: "lazy",
        // A video has no view here.
        onerror: (event) => event.target.replaceWith(each.result.name),
      })))));
}
