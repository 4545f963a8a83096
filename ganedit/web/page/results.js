// The result that is looked at, and what can be done with it.

import { fileOf, post, viewOf } from "./api.js";
import { $, fill, h, told } from "./dom.js";
import { add } from "./jobs.js";
import { ready } from "./panel.js";
import { look, remember } from "./pictures.js";
import { show } from "./stage.js";
import { edited, state } from "./state.js";

// What a job edits, if it is this picture: of a drawing as it was when the job was started.
export function editedBy(job, photo) {
  const id = job.asked.inputs?.[edited()]?.[0];
  return photo && (photo.id === id ? photo : photo.sent?.[id]);
}

// Show a result of a job beside what it was made from.
export function present(job, number) {
  const photo = state.photos.find((each) => editedBy(job, each));
  if (photo) state.photo = photo;
  const made = { ...job.made[number] };
  made.sheet = job.made.length > 1 && /sheet\.png$/.test(made.result.name);
  state.shown = { job, made, number };
  show(true);
  ready();
}

// From a result to what it was made of.
export function back() {
  state.shown = null;
  show(true);
  ready();
}

export function result() {
  const place = $("result");
  const { shown, task } = state;
  if (!place) return;
  if (!shown) { fill(place); return; }
  const { job, made } = shown;
  // Where a seed stands for a picture, another one is of the next seed: there is none of a picture.
  const again = !job.folder && task.edited && task.fields.some((field) => field.name === "seed")
    && (task.number !== "seed" || job.asked.options?.seed !== undefined);
  fill(place, 
    h("h2", {}, "Result"),
    job.made.length > 1 && !job.folder ? h("div", { class: "gallery" }, job.made.map((each, n) => h("button", {
      type: "button", class: "style", "aria-pressed": String(n === shown.number), "aria-label": each.result.name,
      title: each.result.name, onclick: () => present(job, n),
    }, h("img", { src: viewOf(each.result, 256), alt: "" })))) : null,
    h("div", { class: "row" },
      h("a", { class: "button primary", id: "download", href: fileOf(made.result), download: made.result.name }, "Download"),
      again ? h("button", { type: "button", id: "again", onclick: told(async () => add({
        ...job.asked, options: { ...job.asked.options, seed: (job.asked.options?.seed ?? 0) + 1 },
      })) }, "Another one") : null,
      h("button", { type: "button", id: "go-on", onclick: told(() => goOn(made.result)) }, "Go on with it"),
      h("button", { type: "button", id: "back", onclick: back }, job.folder ? "All of them" : "Back")),
    h("ul", { class: "notes" }, made.notes.map((note) => h("li", {}, note))));
}

// The result becomes a picture to edit.
async function goOn(result) {
  const photo = await post(`files/${result.id}/copy`);
  state.photos.push(photo);
  remember();
  look(photo);
}
