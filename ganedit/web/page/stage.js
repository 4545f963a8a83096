// What is seen: a picture, before and after, the brushes, the strip, a folder's results.

import { viewOf } from "./api.js";
import { $, bytesOf, facts as joined, h, keyed, megapixels, sizeOf, told } from "./dom.js";
import { progressOf, stop } from "./jobs.js";
import { brushOf, draw, drawingOf, forget, look } from "./pictures.js";
import { editedBy, result } from "./results.js";
import { edited, running, state, viewer } from "./state.js";

export function show(keep = false) {
  const folder = state.source === "folder" && edited();
  const drawn = !edited();
  const made = state.shown?.made;
  const before = drawn ? null : made?.source ?? (made && editedBy(state.shown.job, state.photo)) ?? state.photo;
  const after = made?.result ?? null;
  const inGrid = folder && !state.shown;
  const nothing = !before && !after;
  $("grid").hidden = !inGrid;
  $("viewer").hidden = Boolean(inGrid) || nothing;
  $("tools").hidden = Boolean(inGrid) || nothing;
  $("empty").hidden = !nothing || Boolean(inGrid);
  $("pick").hidden = drawn;
  $("draw").hidden = !state.task.drawn;
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
  const { photo } = state;
  const brush = possible && state.source === "pictures" ? brushOf(photo) : null;
  $("brushes").hidden = !brush;
  const drawing = possible && photo?.strokes ? drawingOf(photo) : null;
  viewer.overlay = (brush ?? drawing) && ((context, zoom) => {
    if (drawing !== brush) drawing?.draw(context, zoom);
    brush?.draw(context, zoom);
  });
  viewer.brush = null;
  if (!brush) { drawing?.leave(); $("viewer").style.cursor = "grab"; return; }
  const inked = brush === drawing;
  viewer.brush = state.tool === "move" ? null : brush;
  if (state.tool === "move") brush.leave();
  brush.erases = state.tool === "erase";
  $("viewer").style.cursor = state.tool === "move" ? "grab" : "none";
  const size = $("size");
  size.max = Math.max(64, Math.round(Math.max(photo.width, photo.height) / 5));
  size.value = brush.size;
  $("ink").value = brush.color;
  $("inked").hidden = !inked;
  $("save-mask").hidden = $("load-mask").hidden = inked;
  document.querySelector(`#brushes input[value=${state.tool}]`).checked = true;
}

export function facts() {
  const made = state.shown?.made;
  const file = made?.result ?? state.photo;
  $("facts").textContent = file
    ? joined(file.name, sizeOf(file), megapixels(file.width, file.height), bytesOf(file.bytes)) : "";
  const brush = brushOf(state.photo);
  $("undo").disabled = !brush?.strokes.length;
  $("clear").disabled = $("save-mask").disabled = !brush || brush.empty;
}

function strip() {
  const list = $("strip");
  list.hidden = !edited() || state.source === "folder" || !state.photos.length;
  keyed(list, [...state.photos.map((photo) => [photo.id, () => h("div", { class: "thumb", role: "listitem" },
    h("button", { type: "button", "aria-label": photo.name, onclick: () => look(photo) },
      h("img", { src: viewOf(photo, 256), alt: "", onerror: () => forget(photo) })),
    h("button", { type: "button", class: "close", "aria-label": `Close ${photo.name}`, onclick: () => forget(photo) }, "×"),
  ), (thumb) => {
    if (photo === state.photo) thumb.firstChild.setAttribute("aria-current", "true");
    else thumb.firstChild.removeAttribute("aria-current");
    if (photo.now) thumb.querySelector("img").src = viewOf(photo.sent[photo.now], 256);
  }]), state.task.drawn && ["draw", () => h("div", { role: "listitem" },
    h("button", { type: "button", class: "add", onclick: told(draw) }, "Draw"))],
  ["add", () => h("div", { role: "listitem" },
    h("button", { type: "button", class: "add", "aria-label": "Choose more pictures", onclick: () => $("file").click() }, "+"))]]);
}

export function grid() {
  const place = $("grid");
  if (place.hidden) return;
  const job = state.jobs.findLast((each) => each.folder && !each.estimate && each.task === state.task.name);
  $("grid-told").textContent = job ? progressOf(job) : "Choose a folder, and see here how it goes through.";
  // The list of jobs may be below the fold: what is watched here is stopped here.
  $("grid-stop").hidden = !job || !running(job);
  $("grid-stop").onclick = () => stop(job);
  keyed($("grid-pictures"), (job?.made ?? []).toReversed().map((each) => [each.result.id, () => h("button", {
    type: "button", "aria-label": each.result.name, title: each.result.name,
    onclick: () => { state.shown = { job, made: each }; show(); result(); },
  }, h("img", {
    src: viewOf(each.result, 256), alt: "", loading: "lazy",
    // A video has no view here.
    onerror: (event) => event.target.replaceWith(each.result.name),
  }))]));
}
