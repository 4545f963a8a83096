// What the page knows, and the stage that shows it.

import { $ } from "./dom.js";
import { valuesOf } from "./form.js";
import { Viewer } from "./viewer.js";

export const state = {
  tasks: [], roots: [], reduced: 2048,
  task: null,
  photos: [],               // pictures that were opened
  photo: null,              // the one that is looked at
  shown: null,              // { job, made } whose result is looked at
  masks: new Map(),         // by the photo's id
  partners: {},             // by task and input: pictures that go with the photo
  jobs: [],
  latest: null,             // id of the job that was asked for last
  source: "pictures",       // or "folder"
  folders: JSON.parse(localStorage.getItem("ganedit-folders") ?? "{}"),
  tool: "paint",
  more: false,              // whether the folded options are open
};
export const viewer = new Viewer($("viewer"), $("picture"), $("paint"), $("split"));
// For programs that drive the page.
window.ganedit = { state, viewer };

// The input that is edited; none where a number that was filled in stands for it.
export const edited = () => valuesOf(state.task)[state.task.number] === undefined ? state.task.edited : null;
export const painted = () => state.task.inputs.find((each) => each.given === "paired");
export const taskNamed = (name) => state.tasks.find((task) => task.name === name);
export const running = (job) => job.state === "running" || job.state === "waiting";
