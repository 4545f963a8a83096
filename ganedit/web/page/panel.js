// The tabs, and the options of the task that is chosen.

import { send } from "./api.js";
import { folderButtons, folderFields } from "./batch.js";
import { $, fill, h, megapixels, sizeOf, told } from "./dom.js";
import { form, targetSize } from "./form.js";
import { add, line, start, startAll } from "./jobs.js";
import { result } from "./results.js";
import { show } from "./stage.js";
import { edited, state } from "./state.js";

function tabs() {
  fill($("tabs"), ...state.tasks.map((task) => h("button", {
    type: "button", role: "tab", id: `tab-${task.name}`, "aria-controls": "panel",
    "aria-selected": String(task === state.task), tabIndex: task === state.task ? 0 : -1,
    title: task.summary, onclick: () => choice(task),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = (state.tasks.indexOf(task) + step + state.tasks.length) % state.tasks.length;
      choice(state.tasks[at]);
      $(`tab-${state.tasks[at].name}`).focus();
    },
  }, task.title)));
  $("panel").setAttribute("aria-labelledby", `tab-${state.task.name}`);
}

export function choice(task) {
  state.task = task;
  state.shown = null;
  if (!task.edited) state.source = "pictures";
  state.tool = task.local ? "paint" : "move";
  history.replaceState(null, "", `#${task.name}`);
  tabs();
  show(true);
  panel();
}

export function panel() {
  const { task } = state;
  const folder = edited() && state.source === "folder";
  const focused = document.activeElement?.id;
  const sources = edited() && state.roots.length ? h("div", { class: "choice wide", role: "radiogroup", "aria-label": "What to edit" },
    [["pictures", "Pictures"], ["folder", "A folder"]].map(([name, title]) => h("label", {},
      h("input", {
        type: "radio", name: "source", value: name, checked: state.source === name,
        onchange: () => { state.source = name; state.shown = null; show(); panel(); $("panel").querySelector(`[value=${name}]`).focus(); },
      }), h("span", {}, title)))) : null;
  fill($("panel"), 
    h("p", { class: "summary" }, task.summary),
    task.lacks ? h("p", { class: "lacks" }, task.lacks) : null,
    sources, folder ? folderFields() : null,
    task.local && !folder && state.photo ? h("p", { class: "hint" }, "Paint over what is to change.") : null,
    ...partnerFields(folder),
    h("form", { id: "options", onsubmit: (event) => event.preventDefault() }, form(task, sizes)),
    h("p", { id: "sizes", "aria-live": "polite" }),
    folder ? folderButtons() : h("div", { class: "row" },
      h("button", { type: "button", id: "start", class: "primary", disabled: Boolean(task.lacks) || (Boolean(edited()) && !state.photo), onclick: told(start) }, task.title),
      edited() && state.photos.length > 1 ? h("button", { type: "button", onclick: told(startAll) }, `All ${state.photos.length}`) : null),
    h("div", { id: "result" }),
    h("h2", { id: "line-title" }, "Jobs"),
    h("div", { id: "line", role: "list", "aria-labelledby": "line-title" }),
  );
  sizes();
  result();
  line();
  const more = $("panel").querySelector(".more");
  if (more) {
    more.open = state.more;
    more.addEventListener("toggle", () => { state.more = more.open; });
  }
  if (focused) $(focused)?.focus({ preventScroll: true });
}

let asking = 0;

async function sizes() {
  const place = $("sizes");
  const { task, photo } = state;
  if (!place || task.lacks || (edited() && (!photo || state.source === "folder"))) { if (place) place.textContent = ""; return; }
  const mine = ++asking;
  try {
    const size = await targetSize(task, photo);
    if (mine !== asking) return;
    place.classList.remove("error");
    place.textContent = photo && edited()
      ? `${sizeOf(photo)} → ${sizeOf(size)}, ${megapixels(size.width, size.height)}` : sizeOf(size);
  } catch (error) {
    if (mine !== asking) return;
    place.classList.add("error");
    place.textContent = error.message;
  }
}

// Pictures that go with the one that is edited: a style, from the gallery or one's own.
function partnerFields(folder) {
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
      type: "button", class: "style", "aria-pressed": String(chosen.includes(id)), "aria-label": name, title: name,
      onclick: () => toggle(id),
    }, h("img", { src, alt: "" }));
    const title = input.name[0].toUpperCase() + input.name.slice(1);
    return h("fieldset", { class: "field" }, h("legend", {}, title),
      h("div", { class: "gallery" },
        input.gallery.map((name) => picture(`@${name}`, `/api/gallery/${state.task.name}/${input.name}/${name}`, name)),
        chosen.filter((id) => !id.startsWith("@")).map((id, n) => picture(id, `/api/files/${id}/view?side=256`, `${title} of your own, ${n + 1}`)),
        h("button", { type: "button", class: "style add", "aria-label": `${title} of your own`, onclick: () => own.click() }, "+"), own),
      h("small", {}, input.help));
  });
}
