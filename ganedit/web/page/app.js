// The page: tabs from the tasks, pictures, jobs in line, results.

import { fileOf, get, send, sendMask } from "./api.js";
import { $, h, say, told } from "./dom.js";
import { clearJobs, line, poll, stopAll } from "./jobs.js";
import { choice } from "./panel.js";
import { brushOf, draw, maskOf, open } from "./pictures.js";
import { brushes } from "./stage.js";
import { state, taskNamed, viewer } from "./state.js";

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
      brushOf(state.photo)?.undo();
    }
  });
  $("stop-all").addEventListener("click", told(stopAll));
  $("clear-jobs").addEventListener("click", told(clearJobs));
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
  $("size").addEventListener("input", () => { brushOf(state.photo).size = Number($("size").value); viewer.drawPaint(); });
  $("ink").addEventListener("input", () => { brushOf(state.photo).color = $("ink").value; });
  $("undo").addEventListener("click", () => brushOf(state.photo).undo());
  $("clear").addEventListener("click", () => brushOf(state.photo).clear());
  $("draw").addEventListener("click", told(draw));
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
    state.latest = now.id;
    state.photo = state.photos.find((each) => [each.id, ...Object.keys(each.sent ?? {})].includes(now.asked.inputs?.[wanted.edited]?.[0])) ?? state.photo;
    if (now.folder) state.source = "folder";
  }
  choice(wanted);
  line();
  poll();
  document.body.classList.add("ready");
}

begin().catch((error) => say(error.message, true));
