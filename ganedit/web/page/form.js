// A form of a task's fields, as its row declares them: nothing here knows any one task.

import { post, send } from "./api.js";
import { h, told } from "./dom.js";

// The values that were set, by task and field; what was not is the server's to say.
const KEY = "ganedit-values";
const values = JSON.parse(localStorage.getItem(KEY) ?? "{}");

export const valuesOf = (task) => (values[task.name] ??= {});

function set(task, field, value) {
  const kept = valuesOf(task);
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) delete kept[field.name];
  else kept[field.name] = value;
  localStorage.setItem(KEY, JSON.stringify(values));
}

export function form(task, changed) {
  // What an earlier version or other weights offered is not asked for any more.
  const kept = valuesOf(task);
  const known = new Map(task.fields.map((field) => [field.name, field]));
  for (const name of Object.keys(kept)) {
    const field = known.get(name);
    if (!field || (field.kind === "choice" && !field.choices.includes(kept[name]))) delete kept[name];
  }
  const rows = (open) => task.fields.filter((field) => field.open === open)
    .map((field) => row(task, field, changed));
  const more = rows(false);
  return [
    ...rows(true),
    more.length ? h("details", { class: "more" }, h("summary", {}, "More options"), ...more) : null,
  ];
}

function row(task, field, changed) {
  const id = `field-${field.name}`;
  // What there is no default for is the first of what there is; of a file an earlier one may be gone.
  if (field.required && valuesOf(task)[field.name] === undefined && field.choices.length) set(task, field, field.choices[0]);
  if (field.kind === "file") set(task, field, null);
  const now = valuesOf(task)[field.name];
  const take = (value) => { set(task, field, value); changed(); };
  const help = h("small", { id: `${id}-help` }, field.help + (field.absent && field.kind !== "slider" ? ` Without: ${field.absent}.` : ""));
  const facts = { id, "aria-describedby": `${id}-help` };
  const { title } = field;
  if (field.kind === "switch") {
    const box = h("input", { ...facts, type: "checkbox", checked: now ?? field.default,
      onchange: () => take(box.checked) });
    return h("div", { class: "field" }, h("label", { class: "switch" }, box, title), help);
  }
  if (field.kind === "choice" && (field.choices.length > 5 || !short(field))) {
    return labelled(id, title, menu(field, now, facts, take), help);
  }
  if (field.kind === "choice") return choice(field, title, now, take, help);
  if (field.kind === "slider") return slider(field, id, title, now, facts, take, help);
  if (field.kind === "file") return file(id, title, facts, take, help);
  if (field.many && field.choices.length) return amounts(field, title, now, take, help);
  const number = field.kind === "number";
  const text = h("input", {
    ...facts, type: number ? "number" : "text", value: now ?? field.default ?? "",
    placeholder: field.absent || field.hint, min: field.least, max: field.most,
    step: field.whole ? "1" : "any",
    oninput: () => take(text.value === "" ? null : number ? Number(text.value) : text.value),
  });
  return labelled(id, title, text, help);
}

const labelled = (id, title, control, help) =>
  h("div", { class: "field" }, h("label", { for: id }, title), control, help);
const short = (field) => field.choices.join("").length < 30;

function menu(field, now, facts, take) {
  const select = h("select", { ...facts, onchange: () => take(select.value || null) },
    field.required || field.default !== null ? null : h("option", { value: "" }, field.absent || "as it is"),
    field.choices.map((word) => h("option", { value: word, selected: word === (now ?? field.default) }, word)));
  return select;
}

function choice(field, title, now, take, help) {
  const words = field.required || field.default !== null ? field.choices : ["", ...field.choices];
  return h("fieldset", { class: "field", "aria-describedby": help.id }, h("legend", {}, title),
    h("div", { class: "choice" }, words.map((word) => h("label", {},
      h("input", {
        type: "radio", name: `field-${field.name}`, value: word,
        checked: word === (now ?? field.default ?? ""), onchange: () => take(word || null),
      }), h("span", {}, word || "own")))), help);
}

function slider(field, id, title, now, facts, take, help) {
  const value = now ?? field.default ?? (Number.parseFloat(field.absent) || field.least);
  const span = field.most - field.least;
  const step = field.whole ? 1 : span <= 1 ? 0.05 : 0.5;
  const number = h("input", { ...facts, type: "number", value, min: field.least, max: field.most, step: "any" });
  const range = h("input", {
    type: "range", "aria-label": title, min: field.least, max: field.most, step, value,
    oninput: () => { number.value = range.value; },
    onchange: () => take(Number(range.value)),
  });
  number.addEventListener("input", () => {
    range.value = number.value;
    take(number.value === "" ? null : Number(number.value));
  });
  return h("div", { class: "field slider" }, h("label", { for: id }, title), number, range, help);
}

// A slider for each of several words: smile=2.
function amounts(field, title, now, take, help) {
  const set = new Map((now ?? []).map((each) => each.split("=")));
  return h("fieldset", { class: "field" }, h("legend", {}, title), field.choices.map((word) => {
    const range = h("input", {
      type: "range", min: -3, max: 3, step: 0.25, value: set.get(word) ?? 0, "aria-label": `${title} ${word}`,
      oninput: () => { shown.textContent = range.value; },
      onchange: () => {
        if (Number(range.value)) set.set(word, range.value); else set.delete(word);
        take([...set].map((pair) => pair.join("=")));
      },
    });
    const shown = h("output", {}, range.value);
    return h("label", { class: "amount" }, h("span", {}, word), range, shown);
  }), help);
}

// A picture of one's own that the option names.
function file(id, title, facts, take, help) {
  const input = h("input", {
    ...facts, type: "file",
    onchange: told(async () => take(input.files[0] ? (await send(input.files[0])).id : null)),
  });
  return labelled(id, title, input, help);
}

export const targetSize = (task, file) => post("size", { task: task.name, file: file?.id, options: valuesOf(task) });
