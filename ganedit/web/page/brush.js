// A mask that is painted on the reduced picture: strokes that can be taken back one by one.

const TINT = "#f018e0";

export class Mask {
  // `photo`: the file that it is for; `side`: longer side of the reduced picture.
  constructor(photo, side) {
    this.photo = photo;
    const scale = Math.min(1, side / Math.max(photo.width, photo.height));
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.max(1, Math.round(photo.width * scale));
    this.canvas.height = Math.max(1, Math.round(photo.height * scale));
    this.context = this.canvas.getContext("2d");
    this.scale = this.canvas.width / photo.width;
    this.strokes = [];
    this.loaded = null;       // { picture, file } of a mask that was opened
    this.size = 60;
    this.erases = false;
    this.pointer = null;
    this.onchange = () => {};
  }

  get empty() { return !this.strokes.some((stroke) => !stroke.erases) && !this.loaded; }

  // A mask that was opened and not painted on is sent as the file it is.
  get untouched() { return this.loaded && !this.strokes.length ? this.loaded.file : null; }

  begin(at) {
    this.stroke = { erases: this.erases, width: this.size * this.scale, points: [at] };
    this.strokes.push(this.stroke);
    this.pointer = at;
    this.segment(this.stroke, at, at);
  }

  go(at) {
    if (!this.stroke) return;
    this.segment(this.stroke, this.stroke.points.at(-1), at);
    this.stroke.points.push(at);
    this.pointer = at;
  }

  end() {
    this.stroke = null;
    this.onchange();
  }

  // A second finger came: it was no stroke.
  give() {
    if (!this.stroke) return;
    this.stroke = null;
    this.undo();
  }

  hover(at) { this.pointer = at; }

  leave() { this.pointer = null; }

  undo() {
    this.strokes.pop();
    this.replay();
  }

  clear() {
    this.strokes = [];
    this.loaded = null;
    this.replay();
  }

  open(picture, file) {
    this.strokes = [];
    this.loaded = { picture, file };
    this.replay();
  }

  replay() {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.loaded) context.drawImage(tinted(this.loaded.picture, canvas), 0, 0);
    for (const stroke of this.strokes) {
      stroke.points.forEach((at, index) => this.segment(stroke, stroke.points[Math.max(0, index - 1)], at));
    }
    this.onchange();
  }

  segment(stroke, from, to) {
    const { context, scale } = this;
    context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
    context.strokeStyle = TINT;
    context.lineWidth = stroke.width;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(from[0] * scale, from[1] * scale);
    context.lineTo(to[0] * scale + (from === to ? 0.01 : 0), to[1] * scale);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  // Drawn over the picture, in its pixels; `zoom` in pixels of the page.
  draw(context, zoom) {
    context.globalAlpha = 0.5;
    context.imageSmoothingEnabled = true;
    context.drawImage(this.canvas, 0, 0, this.photo.width, this.photo.height);
    context.globalAlpha = 1;
    if (!this.pointer) return;
    for (const [color, width] of [["#000a", 3], ["#fff", 1.25]]) {
      context.strokeStyle = color;
      context.lineWidth = width / zoom;
      context.beginPath();
      context.arc(this.pointer[0], this.pointer[1], this.size / 2, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  // White on black, as a file.
  file() {
    const { width, height } = this.canvas;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(this.canvas, 0, 0);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}

// White on black as the tint over nothing.
function tinted(picture, { width, height }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(TINT.slice(at, at + 2), 16));
  for (let at = 0; at < pixels.data.length; at += 4) {
    const marked = pixels.data[at];
    pixels.data.set([red, green, blue, marked], at);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
