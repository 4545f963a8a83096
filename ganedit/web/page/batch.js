// A folder that is gone through: its fields and its order.

import { h, told } from "./dom.js";
import { choose } from "./folders.js";
import { valuesOf } from "./form.js";
import { add, shared } from "./jobs.js";
import { panel } from "./panel.js";
import { painted, state } from "./state.js";

export function folderFields() {
  const kept = (state.folders[state.task.name] ??= {});
  const paired = painted();
  const pick = (name, title, made, start) => h("div", { class: "field" },
    h("span", { class: "title" }, title),
    h("button", {
      type: "button", class: "path", "aria-label": `${title}: ${kept[name] ?? "choose"}`,
      onclick: told(async () => {
        const path = await choose(title, kept[name] ?? start, state.roots, made);
        if (path === null) return;
        kept[name] = path;
        if (name === "folder" && !kept.output) kept.output = `${path.replace(/\/$/, "")}/${state.task.name}`;
        localStorage.setItem("ganedit-folders", JSON.stringify(state.folders));
        panel();
      }),
    }, kept[name] ?? "Choose…"));
  return h("div", {},
    pick("folder", "Folder of pictures", false),
    pick("output", "Folder for the results", true, kept.folder),
    paired ? pick(paired.name, `Folder of ${paired.name}s`, false, kept.folder) : null);
}

export function folderChosen() {
  const kept = state.folders[state.task.name] ?? {};
  return Boolean(kept.folder && kept.output && !state.task.lacks);
}

export function folderButtons() {
  return h("div", { class: "row" },
    h("button", { type: "button", id: "start", class: "primary", onclick: told(() => add(folderOrder(false))) }, "Start"),
    h("button", { type: "button", id: "estimate", onclick: told(() => add(folderOrder(true))) }, "How long?"));
}

function folderOrder(estimate) {
  const kept = state.folders[state.task.name];
  const paired = painted();
  return {
    task: state.task.name, options: valuesOf(state.task), folder: kept.folder, output: kept.output, estimate,
    folders: paired && kept[paired.name] ? { [paired.name]: kept[paired.name] } : {},
    inputs: shared(),
  };
}
