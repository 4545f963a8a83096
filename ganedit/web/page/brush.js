// What is painted with the brush: strokes that can be taken back one by one. On the reduced picture
// it is a mask; on an empty sheet it is the picture itself.

const TINT = "#f018e0";

class Strokes {
  // `photo`: the file that it lies on; `side`: longer side of the reduced picture; `strokes`: those
  // of an earlier look at it.
  constructor(photo, side, strokes = []) {
    this.photo = photo;
    const scale = Math.min(1, side / Math.max(photo.width, photo.height));
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.max(1, Math.round(photo.width * scale));
    this.canvas.height = Math.max(1, Math.round(photo.height * scale));
    this.context = this.canvas.getContext("2d");
    this.scale = this.canvas.width / photo.width;
    this.strokes = strokes;
    this.color = TINT;
    this.size = 60;
    this.erases = false;
    this.pointer = null;
    this.onchange = () => {};
  }

  get empty() { return !this.strokes.some((stroke) => !stroke.erases); }

  begin(at) {
    this.stroke = { erases: this.erases, color: this.color, width: this.size * this.scale, points: [at] };
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
    this.strokes.length = 0;
    this.replay();
  }

  replay() {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    this.under();
    for (const stroke of this.strokes) {
      stroke.points.forEach((at, index) => this.segment(stroke, stroke.points[Math.max(0, index - 1)], at));
    }
    this.onchange();
  }

  // What the strokes lie on.
  under() {}

  segment(stroke, from, to) {
    const { context, scale } = this;
    context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
    context.strokeStyle = stroke.color;
    context.lineWidth = stroke.width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(from[0] * scale, from[1] * scale);
    context.lineTo(to[0] * scale + (from === to ? 0.01 : 0), to[1] * scale);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  // Shown over the picture, in its pixels; `zoom` in pixels of the page.
  draw(context, zoom, opacity) {
    context.globalAlpha = opacity;
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

  // As a file: what was painted, all of one colour if there is one, on another. No alpha.
  file(below, color = null) {
    const { width, height } = this.canvas;
    const [painted, sheet] = [1, 2].map(() => Object.assign(document.createElement("canvas"), { width, height }));
    const [ink, context] = [painted.getContext("2d"), sheet.getContext("2d", { alpha: false })];
    ink.drawImage(this.canvas, 0, 0);
    if (color) {
      ink.globalCompositeOperation = "source-in";
      ink.fillStyle = color;
      ink.fillRect(0, 0, width, height);
    }
    context.fillStyle = below;
    context.fillRect(0, 0, width, height);
    context.drawImage(painted, 0, 0);
    return new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
  }
}

// White where it is painted, black elsewhere.
export class Mask extends Strokes {
  loaded = null;            // { picture, file } of a mask that was opened

  get empty() { return super.empty && !this.loaded; }

  // A mask that was opened and not painted on is sent as the file it is.
  get untouched() { return this.loaded && !this.strokes.length ? this.loaded.file : null; }

  clear() {
    this.loaded = null;
    super.clear();
  }

  open(picture, file) {
    this.strokes.length = 0;
    this.loaded = { picture, file };
    this.replay();
  }

  under() {
    if (this.loaded) this.context.drawImage(tinted(this.loaded.picture, this.canvas), 0, 0);
  }

  draw(context, zoom) { super.draw(context, zoom, 0.5); }

  file() { return super.file("#000", "#fff"); }
}

// Ink on a white sheet, whose strokes the photo keeps.
export class Drawing extends Strokes {
  constructor(photo) {
    super(photo, Infinity, photo.strokes);
    this.color = "#000000";
    this.replay();
  }

  draw(context, zoom) { super.draw(context, zoom, 1); }

  file() { return super.file("#fff"); }
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
