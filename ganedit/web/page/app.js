// The page: tabs from the tasks, pictures, jobs in line, results.

import { fileOf, get, post, ask, send, sendMask, viewOf } from "./api.js";
import { Mask } from "./brush.js";
import { $, bytesOf, fill, h, megapixels, say, sizeOf, timeOf, told } from "./dom.js";
import { choose } from "./folders.js";
import { form, targetSize, valuesOf } from "./form.js";
import { Viewer } from "./viewer.js";

const POLL = 300;
const state = {
  tasks: [], roots: [], reduced: 2048,
  task: null,
  photos: [],               // pictures that were opened
  photo: null,              // the one that is looked at
  shown: null,              // { job, made } whose result is looked at
  masks: new Map(),         // by the photo's id
  partners: {},             // by task and input: pictures that go with the photo
  jobs: [],
  source: "pictures",       // or "folder"
  folders: JSON.parse(localStorage.getItem("ganedit-folders") ?? "{}"),
  tool: "paint",
  more: false,              // whether the folded options are open
};
const viewer = new Viewer($("viewer"), $("picture"), $("paint"), $("split"));
window.ganedit = { state, viewer };

const edited = () => state.task.edited;
const painted = () => state.task.inputs.find((each) => each.given === "paired");
const jobOf = (id) => state.jobs.find((job) => job.id === id);
const taskNamed = (name) => state.tasks.find((task) => task.name === name);
const running = (job) => job.state === "running" || job.state === "waiting";

// --- pictures ------------------------------------------------------------------------------------

async function open(files) {
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

function look(photo) {
  state.photo = photo;
  state.shown = null;
  state.source = "pictures";
  show();
  panel();
}

function forget(photo) {
  ask("DELETE", `files/${photo.id}`).catch(() => {});
  state.photos = state.photos.filter((each) => each !== photo);
  state.masks.delete(photo.id);
  if (state.photo === photo) state.photo = state.photos.at(-1) ?? null;
  if (!state.photo) state.shown = null;
  remember();
  show();
  panel();
}

const remember = () => sessionStorage.setItem("ganedit-photos", JSON.stringify(state.photos));

function maskOf(photo) {
  if (!state.masks.has(photo.id)) {
    const mask = new Mask(photo, state.reduced);
    mask.size = Math.max(8, Math.round(Math.max(photo.width, photo.height) / 24));
    mask.onchange = () => { viewer.drawPaint(); facts(); };
    state.masks.set(photo.id, mask);
  }
  return state.masks.get(photo.id);
}

// --- the stage -----------------------------------------------------------------------------------

function show(keep = false) {
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

function brushes(possible) {
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

function facts() {
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

// --- the panel -----------------------------------------------------------------------------------

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

function choice(task) {
  state.task = task;
  state.shown = null;
  if (!task.edited) state.source = "pictures";
  state.tool = task.local ? "paint" : "move";
  history.replaceState(null, "", `#${task.name}`);
  tabs();
  show(true);
  panel();
}

function panel() {
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

// --- folders -------------------------------------------------------------------------------------

function folderFields() {
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

function folderButtons() {
  const kept = state.folders[state.task.name] ?? {};
  const ready = kept.folder && kept.output && !state.task.lacks;
  return h("div", { class: "row" },
    h("button", { type: "button", id: "start", class: "primary", disabled: !ready, onclick: told(() => add(folderOrder(false))) }, "Start"),
    h("button", { type: "button", id: "estimate", disabled: !ready, onclick: told(() => add(folderOrder(true))) }, "How long?"));
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

function grid() {
  const place = $("grid");
  if (place.hidden) return;
  const job = state.jobs.findLast((each) => each.folder && !each.estimate && each.task === state.task.name);
  const made = job?.made ?? [];
  fill(place, 
    h("p", { class: "large" }, job ? progressOf(job) : "Choose a folder, and see here how it goes through."),
    h("div", { class: "pictures" }, made.toReversed().map((each) => h("button", {
      type: "button", "aria-label": each.result.name, title: each.result.name,
      onclick: () => { state.shown = { job, made: each }; show(); result(); },
    }, h("img", { src: viewOf(each.result, 256), alt: "", loading: "lazy" })))));
}

// --- jobs ----------------------------------------------------------------------------------------

const shared = () => Object.fromEntries(
  state.task.inputs.filter((each) => each.given === "shared")
    .map((each) => [each.name, state.partners[state.task.name]?.[each.name] ?? []])
    .filter(([, ids]) => ids.length));

async function orderFor(photo) {
  const order = { task: state.task.name, options: { ...valuesOf(state.task) }, inputs: shared() };
  if (!edited()) return order;
  order.inputs[edited()] = [photo.id];
  const mask = state.masks.get(photo.id);
  if (painted() && mask && !mask.empty) {
    const sent = mask.untouched ?? await sendMask(await mask.file(), photo.id);
    order.inputs[painted().name] = [sent.id];
  }
  return order;
}

const start = async () => add(await orderFor(state.photo));

async function startAll() {
  for (const photo of state.photos) await add(await orderFor(photo));
}

let latest = null;

async function add(order) {
  const job = await post("jobs", order);
  latest = job.id;
  state.jobs.push(job);
  say(state.jobs.filter(running).length > 1 ? "In line." : "Started.");
  line();
  grid();
  poll();
}

const stop = (job) => told(async () => {
  await post(`jobs/${job.id}/stop`);
  say("Stopped.");
  await refresh();
})();

let polling = false;

async function poll() {
  if (polling) return;
  polling = true;
  while (state.jobs.some(running)) {
    await new Promise((resolve) => setTimeout(resolve, POLL));
    await refresh().catch((error) => say(error.message, true));
  }
  polling = false;
}

async function refresh() {
  const before = new Map(state.jobs.map((job) => [job.id, job]));
  state.jobs = (await get("jobs")).jobs;
  for (const job of state.jobs) {
    const was = before.get(job.id);
    if (running(job) || !was || !running(was)) continue;
    if (job.errors.length && !job.made.length) say(job.errors[0], true);
    else if (job.id === latest && awaited(job)) present(job, job.made.length - 1);
    else if (job.made.length) say(`${job.title} is done.`);
  }
  line();
  if (state.source === "folder" && !state.shown) grid();
}

// Whether the user still looks at what a job was started from.
function awaited(job) {
  if (job.folder || !job.made.length || job.task !== state.task.name || state.source === "folder") return false;
  return !edited() || (job.asked.inputs[edited()][0] === state.photo?.id && viewer.does !== "paint");
}

// Show a result of a job beside what it was made from.
function present(job, number) {
  const photo = state.photos.find((each) => each.id === job.asked.inputs?.[edited()]?.[0]);
  if (photo) state.photo = photo;
  const made = { ...job.made[number] };
  made.sheet = job.made.length > 1 && /sheet\.png$/.test(made.result.name);
  state.shown = { job, made, number };
  show(true);
  panel();
}

function result() {
  const place = $("result");
  const { shown, task } = state;
  if (!shown || !place) return;
  const { job, made } = shown;
  const again = job.folder ? null : task.fields.find((field) => field.name === "seed" && edited());
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
      })) }, "Again, otherwise") : null,
      h("button", { type: "button", id: "go-on", onclick: told(() => goOn(made.result)) }, "Go on with it"),
      h("button", { type: "button", id: "back", onclick: () => { state.shown = null; show(true); panel(); } }, job.folder ? "All of them" : "Back")),
    h("ul", { class: "notes" }, made.notes.map((note) => h("li", {}, note))));
}

// The result becomes a picture to edit.
async function goOn(result) {
  const photo = await post(`files/${result.id}/copy`);
  state.photos.push(photo);
  remember();
  look(photo);
}

function progressOf(job) {
  const all = job.todo + job.before;
  const of = job.folder || all > 1 ? `${job.before + job.done} of ${all}` : `${Math.round(job.share * 100)} %`;
  const words = {
    waiting: "waits in line",
    running: job.todo ? of : "starting…",
    done: `done in ${timeOf(job.seconds)}`,
    failed: "failed",
    stopped: job.folder && !job.estimate ? `stopped at ${of}; Start goes on with it` : "stopped",
  };
  const left = job.left === null ? "" : `, ${timeOf(job.left)} left`;
  return words[job.state] + left;
}

function line() {
  const place = $("line");
  if (!place) return;
  const focused = document.activeElement?.dataset?.job;
  $("line-title").hidden = !state.jobs.length;
  fill(place, ...state.jobs.toReversed().slice(0, 30).map((job) => {
    const title = `${taskNamed(job.task)?.title ?? job.task} ${job.title}${job.estimate ? ": how long?" : ""}`;
    const opens = !running(job) && job.made.length && !job.folder;
    return h("div", { class: `job ${job.state}`, role: "listitem" },
      opens ? h("button", { type: "button", class: "link", "data-job": job.id, onclick: () => {
        if (job.task !== state.task.name) choice(taskNamed(job.task));
        present(job, job.made.length - 1);
      } }, title) : h("strong", {}, title),
      h("span", { class: "quiet" }, progressOf(job)),
      running(job) ? h("progress", { max: 1, value: job.share, "aria-label": `Progress of ${title}` }) : null,
      running(job) ? h("button", { type: "button", "data-job": job.id, "aria-label": `Stop ${title}`, onclick: () => stop(job) }, "Stop") : null,
      [...job.errors, ...job.notes].length ? h("ul", { class: "notes" },
        job.errors.map((error) => h("li", { class: "error" }, error)), job.notes.map((note) => h("li", {}, note))) : null);
  }));
  if (focused) place.querySelector(`[data-job="${focused}"]`)?.focus();
}

// --- what the user does --------------------------------------------------------------------------

function listen() {
  const pick = () => $("file").click();
  $("pick").addEventListener("click", pick);
  $("file").addEventListener("change", () => { open([...$("file").files]); $("file").value = ""; });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    open([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) open(files);
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && viewer.overlay && !/INPUT|SELECT/.test(event.target.tagName)) {
      event.preventDefault();
      maskOf(state.photo).undo();
    }
  });
  $("zoom-in").addEventListener("click", () => viewer.zoom(1.25));
  $("zoom-out").addEventListener("click", () => viewer.zoom(0.8));
  $("fit").addEventListener("click", () => viewer.fit());
  $("actual").addEventListener("click", () => viewer.actual());
  $("slide").addEventListener("input", () => viewer.slide($("slide").value / 100));
  viewer.onslide = (share) => { $("slide").value = share * 100; };
  viewer.onzoom = (scale) => { $("zoom").textContent = `${Math.round(scale * 100)} %`; };
  for (const radio of document.querySelectorAll("#brushes input[name=tool]")) {
    radio.addEventListener("change", () => { state.tool = radio.value; brushes(true); viewer.drawPaint(); });
  }
  $("size").addEventListener("input", () => { maskOf(state.photo).size = Number($("size").value); viewer.drawPaint(); });
  $("undo").addEventListener("click", () => maskOf(state.photo).undo());
  $("clear").addEventListener("click", () => maskOf(state.photo).clear());
  $("save-mask").addEventListener("click", told(async () => {
    const mask = maskOf(state.photo);
    const sent = mask.untouched ?? await sendMask(await mask.file(), state.photo.id);
    h("a", { href: fileOf(sent), download: sent.name }).click();
  }));
  $("load-mask").addEventListener("click", () => $("mask-file").click());
  $("mask-file").addEventListener("change", told(async () => {
    const [file] = $("mask-file").files;
    $("mask-file").value = "";
    if (!file) return;
    const sent = await send(file);
    const picture = new Image();
    picture.src = `/api/masks/${sent.id}/on/${state.photo.id}`;
    await picture.decode();
    maskOf(state.photo).open(picture, sent);
  }));
}

async function begin() {
  const { tasks, roots, reduced } = await get("tasks");
  Object.assign(state, { tasks, roots, reduced });
  state.photos = JSON.parse(sessionStorage.getItem("ganedit-photos") ?? "[]");
  state.photo = state.photos.at(-1) ?? null;
  state.jobs = (await get("jobs")).jobs;
  listen();
  const now = state.jobs.find((job) => job.state === "running");
  const wanted = taskNamed(now?.task) ?? taskNamed(location.hash.slice(1)) ?? tasks[0];
  if (now) {
    latest = now.id;
    state.photo = state.photos.find((each) => each.id === now.asked.inputs?.[wanted.edited]?.[0]) ?? state.photo;
    if (now.folder) state.source = "folder";
  }
  choice(wanted);
  poll();
  document.body.classList.add("ready");
}

begin().catch((error) => say(error.message, true));
