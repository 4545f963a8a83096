// A folder of the computer that ganedit runs on, chosen in a dialog.

import { get } from "./api.js";
import { $, fill, h, say } from "./dom.js";

// Resolves to a path, or null; `made`: it may be a new one.
export function choose(title, start, roots, made = false) {
  const dialog = $("chooser");
  return new Promise((resolve) => {
    const name = h("input", { id: "new-folder", type: "text", placeholder: "none" });
    let here = null;
    const show = async (path) => {
      let told;
      try {
        told = path ? await get(`folders?path=${encodeURIComponent(path)}`)
          : { path: null, above: null, folders: roots };
      } catch (error) {
        say(error.message, true);
        if (path && path !== start) return;
        told = { path: null, above: null, folders: roots };
      }
      here = told.path;
      const up = here === null || (told.above === null && roots.length === 1) ? null
        : h("button", { type: "button", onclick: () => show(told.above) }, "↑ Up");
      const join = (folder) => here === null ? folder : `${here.replace(/\/$/, "")}/${folder}`;
      fill(dialog, 
        h("h2", {}, title),
        h("p", { class: "path" }, here ?? "Folders that were chosen when ganedit was started"),
        h("div", { class: "folders" }, up, told.folders.map((folder) =>
          h("button", { type: "button", onclick: () => show(join(folder)) }, folder))),
        here === null ? null : h("p", { class: "quiet" },
          told.pictures === 1 ? "1 picture in it" : `${told.pictures} pictures in it`),
        made ? h("label", { class: "new" }, "New folder in it ", name) : null,
        h("div", { class: "row" },
          h("button", { type: "button", class: "primary", disabled: here === null,
            onclick: () => end(made && name.value ? join(name.value) : here) }, "Take this folder"),
          h("button", { type: "button", onclick: () => end(null) }, "Cancel")),
      );
    };
    const end = (path) => { dialog.close(); resolve(path); };
    dialog.oncancel = () => resolve(null);
    dialog.showModal();
    show(start ?? (roots.length === 1 ? roots[0] : null));
  });
}
