// The line of jobs: asked for, followed, stopped.

import { get, post, sendMask } from "./api.js";
import { $, fill, h, say, timeOf, told } from "./dom.js";
import { valuesOf } from "./form.js";
import { choice } from "./panel.js";
import { present } from "./results.js";
import { grid } from "./stage.js";
import { edited, painted, running, state, taskNamed, viewer } from "./state.js";

// Milliseconds between questions how far jobs are.
const POLL = 300;

export const shared = () => Object.fromEntries(
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

const stop = (job) => told(async () => {
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
  return !edited() || (job.asked.inputs[edited()][0] === state.photo?.id && viewer.does !== "paint");
}

export function progressOf(job) {
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

export function line() {
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
