// The tabs, and the options of the task that is chosen.

import { send } from "./api.js";
import { folderButtons, folderChosen, folderFields } from "./batch.js";
import { $, facts, fill, h, keyed, megapixels, sizeOf, told } from "./dom.js";
import { form, targetSize, valuesOf } from "./form.js";
import { start, startAll } from "./jobs.js";
import { result } from "./results.js";
import { show } from "./stage.js";
import { edited, painted, state } from "./state.js";

function tabs() {
  keyed($("tabs"), state.tasks.map((task) => [task.name, () => h("button", {
    type: "button", role: "tab", id: `tab-${task.name}`, "aria-controls": "panel", title: task.summary,
    class: task.lacks ? "lacking" : null, onclick: () => choice(task),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = (state.tasks.indexOf(task) + step + state.tasks.length) % state.tasks.length;
      choice(state.tasks[at]);
      $(`tab-${state.tasks[at].name}`).focus();
    },
  }, task.title), (tab) => {
    tab.setAttribute("aria-selected", String(task === state.task));
    tab.tabIndex = task === state.task ? 0 : -1;
  }]));
  $(`tab-${state.task.name}`).scrollIntoView({ block: "nearest", inline: "nearest" });
  $("panel").setAttribute("aria-labelledby", `tab-${state.task.name}`);
}

export function choice(task) {
  state.task = task;
  state.shown = null;
  if (!task.edited) state.source = "pictures";
  state.tool = task.local || (task.drawn && state.photo?.strokes) ? "paint" : "move";
  history.replaceState(null, "", `#${task.name}`);
  tabs();
  show(true);
  panel();
}

// What is asked of the user for a task; `ready` brings up to date what pictures change in it.
export function panel() {
  const { task } = state;
  const folder = edited() && state.source === "folder";
  const focused = document.activeElement?.id;
  const sources = edited() && state.roots.length ? h("div", { class: "choice wide", role: "radiogroup", "aria-label": "What to edit" },
    [["pictures", "Pictures"], ["folder", "A folder"]].map(([name, title]) => h("label", {},
      h("input", {
        type: "radio", name: "source", value: name, checked: state.source === name,
        onchange: () => { state.source = name; state.shown = null; show(); panel(); $("asked").querySelector(`[value=${name}]`).focus(); },
      }), h("span", {}, title)))) : null;
  fill($("asked"),
    h("p", { class: "summary" }, task.summary),
    task.lacks ? h("p", { class: "lacks" }, task.lacks) : null,
    sources, folder ? folderFields() : null,
    h("p", { id: "hint" }),
    ...partnerFields(),
    h("form", { id: "options", onsubmit: (event) => event.preventDefault() }, form(task, changed)),
    h("p", { id: "sizes", "aria-live": "polite" }),
    folder ? folderButtons() : h("div", { class: "row" },
      h("button", { type: "button", id: "start", class: "primary", onclick: told(start) }, task.title),
      h("button", { type: "button", id: "start-all", onclick: told(startAll) })),
    h("div", { id: "result" }),
  );
  ready();
  const more = $("asked").querySelector(".more");
  if (more) {
    more.open = state.more;
    more.addEventListener("toggle", () => { state.more = more.open; });
  }
  if (focused) $(focused)?.focus({ preventScroll: true });
}

export function ready() {
  asked();
  result();
}

function changed() {
  asked();
  if (state.task.number) show(true);
}

// What still has to be given, and how large the result will be.
function asked() {
  const { task, photo, photos } = state;
  const folder = edited() && state.source === "folder";
  const missing = missingPartner()?.name, empty = emptyField()?.title;
  const hint = missing ? `Choose a ${missing}.` : empty ? `Fill in “${empty}”.` : folder ? "" : !photo ? numberHint() : task.drawn && photo.strokes ? "Draw with the mouse, a pen or a finger." : painted() ? hintOf(painted()) : "";
  fill($("hint"), hint || null, photo && edited() && !folder ? photo.notes.map((note) => h("span", { class: "note" }, `${photo.name}: ${note}`)) : null);
  if (folder) $("start").disabled = $("estimate").disabled = !folderChosen() || Boolean(missing || empty);
  if (!folder) {
    $("start").disabled = Boolean(task.lacks) || (Boolean(edited()) && !photo) || Boolean(missing || empty);
    $("start-all").hidden = !edited() || photos.length < 2;
    $("start-all").disabled = $("start").disabled;
    $("start-all").textContent = `All ${photos.length}`;
  }
  sizes();
}

function numberHint() {
  const field = edited() && state.task.fields.find((each) => each.name === state.task.number);
  return field ? `Open a ${edited()}, or fill in “${field.title}”.` : "";
}

const hintOf = (input) => state.task.local || input.required
  ? "Paint over what is to change." : "If you like, paint where it is to be done.";

// What still has to be chosen, because the task cannot do without it.
const missingPartner = () => state.task.inputs.find((input) => input.given === "shared" && input.required
  && !state.partners[state.task.name]?.[input.name]?.length);

const emptyField = () => state.task.fields.find((field) => field.required && valuesOf(state.task)[field.name] === undefined);

let asking = 0;

async function sizes() {
  const place = $("sizes");
  const { task, photo } = state;
  if (!place || task.lacks || emptyField() || (edited() && (!photo || state.source === "folder"))) { if (place) place.textContent = ""; return; }
  const mine = ++asking;
  try {
    const size = await targetSize(task, photo);
    if (mine !== asking) return;
    place.classList.remove("error");
    place.textContent = facts(photo && edited() ? `${sizeOf(photo)} → ${sizeOf(size)}` : sizeOf(size), megapixels(size.width, size.height));
  } catch (error) {
    if (mine !== asking) return;
    place.classList.add("error");
    place.textContent = error.message;
  }
}

// Pictures that go with the one that is edited: a style, from the gallery or one's own.
function partnerFields() {
  return state.task.inputs.filter((each) => each.given === "shared").map((input) => {
    const chosen = ((state.partners[state.task.name] ??= {})[input.name] ??= []);
    const set = (ids) => { state.partners[state.task.name][input.name] = ids; panel(); };
    const toggle = (id) => set(chosen.includes(id) ? chosen.filter((each) => each !== id)
      : [...chosen, id].slice(-input.most));
    const own = h("input", {
      type: "file", multiple: input.most > 1, hidden: true, "aria-label": input.name,
      onchange: told(async () => {
        const sent = [];
        for (const file of own.files) sent.push((await send(file)).id);
        set([...chosen, ...sent].slice(-input.most));
      }),
    });
    const picture = (id, src, name) => h("button", {
      type: "button", class: "style", id: `of-${input.name}-${id}`, "aria-pressed": String(chosen.includes(id)), "aria-label": name, title: name,
      onclick: () => toggle(id),
    }, h("img", { src, alt: "" }), h("span", {}, name));
    const title = input.name[0].toUpperCase() + input.name.slice(1);
    return h("fieldset", { class: "field" }, h("legend", {}, title),
      h("div", { class: "gallery" },
        input.gallery.map((name) => picture(`@${name}`, `/api/gallery/${state.task.name}/${input.name}/${name}`, name)),
        chosen.filter((id) => !id.startsWith("@")).map((id, n) => picture(id, `/api/files/${id}/view?side=256`, `own ${n + 1}`)),
        h("button", { type: "button", class: "style add", "aria-label": `${title} of your own`, onclick: () => own.click() }, "+", h("span", {}, "your own")), own),
      input.help ? h("small", {}, input.help) : null);
  });
}
