// One picture as it is drawn: reduced, and in tiles at its own pixels, over what shines through.

import { tileOf, viewOf } from "./api.js";

const TILE = 512;
const MARGIN = 2;
const LOADING = 6;

// What shines through where a picture is transparent; hidden by one that is not.
let pattern;

function chequered(context, left, top, right, bottom) {
  if (right <= left || bottom <= top) return;
  if (!pattern) {
    const square = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
    const inner = square.getContext("2d");
    inner.fillStyle = "#8c8c8c";
    inner.fillRect(0, 0, 16, 16);
    inner.fillStyle = "#a8a8a8";
    inner.fillRect(0, 0, 8, 8);
    inner.fillRect(8, 8, 8, 8);
    pattern = context.createPattern(square, "repeat");
  }
  context.fillStyle = pattern;
  context.fillRect(left, top, right - left, bottom - top);
}

// One picture on the server: all of it reduced, and tiles as they are needed.
export class Layer {
  constructor(file, changed) {
    this.file = file;
    this.changed = changed;
    this.tiles = new Map();
    this.wanted = [];
    this.loading = 0;
    this.base = new Image();
    this.ready = new Promise((resolve) => {
      this.base.onload = () => { changed(); resolve(true); };
      this.base.onerror = () => resolve(false);
    });
    this.base.src = viewOf(file);
  }

  // `scale`: pixels of the screen for one of the picture, whose corner is at x, y.
  // `smooth`: whether it is drawn without hard edges between its pixels.
  draw(context, x, y, scale, width, height, smooth) {
    if (!this.base.naturalWidth) return;
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "high";
    const { width: wide, height: high } = this.file;
    chequered(context, Math.ceil(x), Math.ceil(y), Math.floor(x + wide * scale), Math.floor(y + high * scale));
    context.drawImage(this.base, x, y, wide * scale, high * scale);
    // The reduced picture will do where the screen is coarser; its own pixels are exact in tiles.
    const coarse = this.base.naturalWidth / wide;
    if (coarse < 1 ? scale <= coarse : scale < 0.999) return;
    const level = Math.max(0, Math.floor(Math.log2(1 / scale)));
    const step = TILE * 2 ** level;
    const first = [Math.max(0, Math.floor(-x / scale / step)), Math.max(0, Math.floor(-y / scale / step))];
    const last = [
      Math.min(Math.ceil(wide / step), Math.ceil((width - x) / scale / step)),
      Math.min(Math.ceil(high / step), Math.ceil((height - y) / scale / step)),
    ];
    this.wanted = [];
    for (let row = first[1]; row < last[1]; row++) {
      for (let column = first[0]; column < last[0]; column++) {
        const name = `${level}/${column}/${row}`;
        const tile = this.tiles.get(name);
        if (tile?.naturalWidth) {
          const around = MARGIN * 2 ** level;
          const [left, right] = [Math.max(0, column * step - around), Math.min(wide, (column + 1) * step + around)];
          const [top, bottom] = [Math.max(0, row * step - around), Math.min(high, (row + 1) * step + around)];
          // Of what is drawn its own part shows, in whole pixels of the screen: no seam shines through.
          const from = [Math.round(x + column * step * scale), Math.round(y + row * step * scale)];
          const to = [Math.round(x + Math.min(wide, (column + 1) * step) * scale), Math.round(y + Math.min(high, (row + 1) * step) * scale)];
          context.save();
          context.beginPath();
          context.rect(from[0], from[1], to[0] - from[0], to[1] - from[1]);
          context.clip();
          chequered(context, ...from, ...to);  // a tile that is half transparent is not drawn over what it replaces
          context.drawImage(tile, x + left * scale, y + top * scale, (right - left) * scale, (bottom - top) * scale);
          context.restore();
        } else if (!tile) this.wanted.push([name, level, column, row]);
      }
    }
    this.load();
  }

  load() {
    while (this.loading < LOADING && this.wanted.length) {
      const [name, ...place] = this.wanted.shift();
      const tile = new Image();
      this.loading++;
      this.tiles.set(name, tile);
      const over = () => { this.loading--; this.changed(); };
      tile.onload = over;
      tile.onerror = () => { this.loading--; };
      tile.src = tileOf(this.file, ...place);
      if (this.tiles.size > 400) this.tiles.delete(this.tiles.keys().next().value);
    }
  }
}
