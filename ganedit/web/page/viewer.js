// The picture: zoom and pan, before and after at a slider, the brush.

import { Layer } from "./layer.js";

// Pixels of the screen for one of the picture at most.
const LARGEST = 16;

export class Viewer {
  constructor(root, picture, paint, split) {
    Object.assign(this, { root, picture, paint, split });
    this.layers = new Map();
    this.before = this.after = null;
    this.share = 0.5;
    this.brush = null;        // paints where it is set
    this.overlay = null;      // (context) => void, in pixels of the picture
    this.onzoom = () => {};
    this.onslide = () => {};
    this.pointers = new Map();
    this.waiting = false;
    new ResizeObserver(() => this.resized()).observe(root);
    this.listen();
  }

  // The picture that measures are in: the result, or else what there is.
  get reference() { return this.after ?? this.before; }

  get ratio() { return window.devicePixelRatio || 1; }

  show(before, after, { keep = false } = {}) {
    const was = this.reference;
    this.before = before;
    this.after = after;
    const known = new Set([before?.id, after?.id]);
    for (const id of this.layers.keys()) if (!known.has(id)) this.layers.delete(id);
    for (const file of [before, after]) {
      if (file && !this.layers.has(file.id)) this.layers.set(file.id, new Layer(file, () => this.redraw()));
    }
    const now = this.reference;
    const alike = was && now && Math.abs((was.width * now.height) / (was.height * now.width) - 1) < 0.02;
    if (keep && alike) this.scale *= was.width / now.width;
    else this.fit();
    this.redraw();
    return this.reference ? this.layers.get(this.reference.id).ready : Promise.resolve(true);
  }

  resized() {
    const { clientWidth, clientHeight } = this.root;
    if (!clientWidth || !clientHeight) return;
    for (const canvas of [this.picture, this.paint]) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    if (this.fitted) this.fit();
    this.redraw();
  }

  fit() {
    if (!this.reference) return;
    const { width, height } = this.reference;
    const scale = Math.min(this.picture.width / width, this.picture.height / height);
    this.place(Math.min(scale, Math.max(1, this.ratio)), width / 2, height / 2);
    this.fitted = true;
  }

  // Show the point x, y of the picture in the middle.
  place(scale, x, y) {
    this.scale = scale;
    this.x = this.picture.width / 2 - x * scale;
    this.y = this.picture.height / 2 - y * scale;
    this.fitted = false;
    this.redraw();
  }

  actual() {
    this.zoom(1 / this.scale, this.picture.width / 2, this.picture.height / 2);
  }

  zoom(factor, atX = this.picture.width / 2, atY = this.picture.height / 2) {
    if (!this.reference) return;
    const least = Math.min(0.02, this.picture.width / this.reference.width / 2);
    const scale = Math.min(LARGEST * this.ratio, Math.max(least, this.scale * factor));
    this.x = atX - ((atX - this.x) * scale) / this.scale;
    this.y = atY - ((atY - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.redraw();
  }

  pan(across, down) {
    this.x += across;
    this.y += down;
    this.fitted = false;
    this.redraw();
  }

  slide(share) {
    this.share = Math.min(1, Math.max(0, share));
    this.redraw();
    this.onslide(this.share);
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const { width, height } = this.picture;
    const context = this.picture.getContext("2d", { alpha: false });
    context.fillStyle = "#151617";
    context.fillRect(0, 0, width, height);
    // Until there is something of the result to see, all of it is what it was made of.
    const both = this.before && this.after && this.layers.get(this.after.id).base.naturalWidth > 0;
    this.split.hidden = !both;
    if (this.reference) {
      this.keepInSight();
      const at = this.share * width;
      // A small picture beside its enlargement is shown enlarged, not as blocks.
      const smooth = this.scale < 3;
      if (this.before) {
        const scale = (this.scale * this.reference.width) / this.before.width;
        this.clipped(context, 0, both ? at : width, () =>
          this.layers.get(this.before.id).draw(context, this.x, this.y, scale, width, height, smooth));
      }
      if (this.after) {
        this.clipped(context, both ? at : 0, width, () =>
          this.layers.get(this.after.id).draw(context, this.x, this.y, this.scale, width, height, smooth));
      }
      this.split.style.left = `${this.share * 100}%`;
      this.onzoom(this.scale);
    }
    this.drawPaint();
  }

  clipped(context, from, to, draw) {
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, this.picture.height);
    context.clip();
    draw();
    context.restore();
  }

  drawPaint() {
    const context = this.paint.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.paint.width, this.paint.height);
    if (!this.overlay || !this.reference) return;
    context.setTransform(this.scale, 0, 0, this.scale, this.x, this.y);
    this.overlay(context, this.scale / this.ratio);
  }

  // A part of the picture stays in the window.
  keepInSight() {
    const margin = 40 * this.ratio;
    const { width, height } = this.reference;
    this.x = Math.min(this.picture.width - margin, Math.max(margin - width * this.scale, this.x));
    this.y = Math.min(this.picture.height - margin, Math.max(margin - height * this.scale, this.y));
  }

  // From an event to pixels of the canvas, and to those of the picture.
  at(event) {
    const box = this.root.getBoundingClientRect();
    return [(event.clientX - box.left) * this.ratio, (event.clientY - box.top) * this.ratio];
  }

  inPicture([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  listen() {
    const { root } = this;
    root.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...this.at(event));
    }, { passive: false });
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      root.addEventListener(name, (event) => this.up(event));
    }
    root.addEventListener("pointerleave", () => this.brush?.leave());
    root.addEventListener("dblclick", () => { if (!this.brush) this.fitted ? this.actual() : this.fit(); });
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("keyup", (event) => { if (event.key === " ") this.pans = false; });
  }

  down(event) {
    if (!this.reference) return;
    this.root.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    if (this.pointers.size > 1) {
      this.brush?.give();
      this.does = "pinch";
    } else if (event.target.closest("#split")) this.does = "slide";
    else if (this.brush && event.button === 0 && !this.pans) {
      this.does = "paint";
      this.brush.begin(this.inPicture(this.at(event)));
      this.drawPaint();
    } else this.does = "pan";
  }

  move(event) {
    const held = this.pointers.get(event.pointerId);
    const now = this.at(event);
    if (!held) {
      if (this.brush && this.reference) {
        this.brush.hover(this.inPicture(now));
        this.drawPaint();
      }
      return;
    }
    if (this.does === "pinch") this.pinch(event.pointerId, held, now);
    else if (this.does === "slide") this.slide(now[0] / this.picture.width);
    else if (this.does === "paint") {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.brush.go(this.inPicture(this.at(each)));
      this.paintSoon();
    } else this.pan(now[0] - held[0], now[1] - held[1]);
    this.pointers.set(event.pointerId, now);
  }

  paintSoon() {
    if (this.painting) return;
    this.painting = true;
    requestAnimationFrame(() => { this.painting = false; this.drawPaint(); });
  }

  pinch(id, held, now) {
    const [other] = [...this.pointers].filter(([each]) => each !== id).map(([, at]) => at);
    if (!other) return;
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    this.pan((now[0] - held[0]) / 2, (now[1] - held[1]) / 2);
    this.zoom(apart(now, other) / apart(held, other), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.does === "paint") this.brush?.end();
    if (this.pointers.size) return;
    this.does = null;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60 * this.ratio;
    const keys = {
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8),
      0: () => this.fit(), 1: () => this.actual(), " ": () => { this.pans = true; },
      ArrowLeft: () => this.pan(step, 0), ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step), ArrowDown: () => this.pan(0, -step),
    };
    if (!keys[event.key] || !this.reference) return;
    event.preventDefault();
    keys[event.key]();
  }
}
