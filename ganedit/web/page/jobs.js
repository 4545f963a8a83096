// The line of jobs: asked for, followed, stopped.

import { ask, get, post, sendMask } from "./api.js";
import { $, h, keyed, say, timeOf, told } from "./dom.js";
import { valuesOf } from "./form.js";
import { choice } from "./panel.js";
import { filed } from "./pictures.js";
import { back, editedBy, present } from "./results.js";
import { grid } from "./stage.js";
import { edited, painted, running, state, taskNamed, viewer } from "./state.js";

// Milliseconds between questions how far jobs are.
const POLL = 300;
// Jobs that are over and still listed.
const MOST_SHOWN = 30;

export const shared = () => Object.fromEntries(
  state.task.inputs.filter((each) => each.given === "shared")
    .map((each) => [each.name, state.partners[state.task.name]?.[each.name] ?? []])
    .filter(([, ids]) => ids.length));

async function orderFor(photo) {
  const order = { task: state.task.name, options: { ...valuesOf(state.task) }, inputs: shared() };
  if (!edited()) return order;
  order.inputs[edited()] = [(await filed(photo)).id];
  const mask = state.masks.get(photo.id);
  if (painted() && mask && !mask.empty) {
    const sent = mask.untouched ?? await sendMask(await mask.file(), photo.id);
    order.inputs[painted().name] = [sent.id];
  }
  return order;
}

export const start = async () => add(await orderFor(state.photo));

export async function startAll() {
  for (const photo of state.photos) await add(await orderFor(photo));
}

export async function add(order) {
  const job = await post("jobs", order);
  state.latest = job.id;
  state.jobs.push(job);
  say(state.jobs.filter(running).length > 1 ? "In line." : "Started.");
  line();
  grid();
  poll();
}

export const stop = (job) => told(async () => {
  const stopped = await post(`jobs/${job.id}/stop`);
  state.jobs = state.jobs.map((each) => each.id === job.id ? stopped : each);
  say("Stopped.");
  line();
  if (job.folder && state.source === "folder" && !state.shown) grid();
})();

let polling = false;

export async function poll() {
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
    else if (job.id === state.latest && awaited(job)) present(job, job.made.length - 1);
    else if (job.made.length) say(`${job.title} is done.`);
  }
  line();
  if (state.source === "folder" && !state.shown) grid();
}

// Whether the user still looks at what a job was started from.
function awaited(job) {
  if (job.folder || !job.made.length || job.task !== state.task.name || state.source === "folder") return false;
  return !edited() || (Boolean(editedBy(job, state.photo)) && viewer.does !== "paint");
}

export function progressOf(job) {
  const all = job.todo + job.before;
  const of = job.folder || all > 1 ? `${job.before + job.done} of ${all}` : `${Math.round(job.share * 100)} %`;
  const words = {
    waiting: "waits in line",
    running: job.todo ? of : "starting…",
    done: `done in ${timeOf(job.seconds)}`,
    failed: "failed",
    stopped: job.folder && !job.estimate && all ? `stopped at ${of}; Start goes on with it` : "stopped",
  };
  const left = job.left === null ? "" : `, ${timeOf(job.left)} left`;
  return words[job.state] + left;
}

const titleOf = (job) =>
  `${taskNamed(job.task)?.title ?? job.task} ${job.title}${job.estimate ? ": how long?" : ""}`;

function row(job) {
  const title = titleOf(job);
  const opens = !running(job) && job.made.length && !job.folder;
  return h("div", { role: "listitem" },
    opens ? h("button", { type: "button", class: "link", "data-job": job.id, onclick: () => {
      if (job.task !== state.task.name) choice(taskNamed(job.task));
      present(job, job.made.length - 1);
    } }, title) : h("strong", {}, title),
    h("span", { class: "quiet progress" }),
    running(job) ? h("progress", { max: 1, value: 0, "aria-label": `Progress of ${title}` }) : null,
    running(job) ? h("button", { type: "button", "data-job": job.id, "aria-label": `Stop ${title}`, onclick: () => stop(job) }, "Stop") : null,
    job.report && !running(job) ? h("a", { class: "report", href: `/api/jobs/${job.id}/report`, download: "" }, "Report") : null,
    [...job.errors, ...job.notes].length ? h("ul", { class: "notes" },
      job.errors.map((error) => h("li", { class: "error" }, error)), job.notes.map((note) => h("li", {}, note))) : null);
}

function renew(element, job) {
  element.className = `job ${job.state}`;
  element.querySelector(".progress").textContent = progressOf(job);
  if (running(job)) element.querySelector("progress").value = job.share;
}

// What runs and waits in its order, then what is over, the latest first.
const inOrder = () => [
  ...state.jobs.filter(running), ...state.jobs.filter((job) => !running(job)).toReversed().slice(0, MOST_SHOWN),
];

export function line() {
  const focused = document.activeElement?.dataset?.job;
  const over = state.jobs.filter((job) => !running(job));
  const filed = over.filter((job) => job.made.length && !job.folder);
  $("jobs").hidden = !state.jobs.length;
  $("stop-all").hidden = state.jobs.length - over.length < 2;
  $("clear-jobs").hidden = !over.length;
  $("download-all").hidden = filed.reduce((sum, job) => sum + job.made.length, 0) < 2;
  $("download-all").href = `/api/results.zip?${filed.map((job) => `job=${job.id}`).join("&")}`;
  keyed($("line"), inOrder().map((job) => [
    `${job.id} ${running(job)} ${job.made.length > 0} ${job.errors.length} ${job.notes.length}`,
    () => row(job), (element) => renew(element, job),
  ]));
  if (focused && !document.activeElement?.dataset?.job) $("line").querySelector(`[data-job="${focused}"]`)?.focus();
}

export async function stopAll() {
  // The last first: else each that is stopped lets the next one start.
  for (const job of state.jobs.filter(running).toReversed()) await post(`jobs/${job.id}/stop`);
  await refresh();
  say("Stopped.");
}

// Forget what is over, and the results that lie in no folder of the user's.
export async function clearJobs() {
  for (const job of state.jobs.filter((each) => !running(each))) await ask("DELETE", `jobs/${job.id}`);
  state.jobs = state.jobs.filter(running);
  if (state.shown) back();
  line();
  grid();
}
