// Elements made in one expression; text is never read as HTML.

export const $ = (id) => document.getElementById(id);

export function h(tag, facts = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined));
  return made;
}

// Instead of what an element held; null is nothing.
export function fill(place, ...children) {
  place.replaceChildren(...children.flat().filter((each) => each !== null && each !== undefined));
}

// Children by key, in the order wanted: `[key, make, renew]` each. One that is there already stays
// the same element, so that a press, a focus or a selection in it outlives the change.
export function keyed(place, wanted) {
  const known = new Map([...place.children].map((child) => [child.dataset.key, child]));
  const rows = wanted.filter(Boolean).map(([key, make, renew]) => {
    const row = known.get(key) ?? make();
    known.delete(key);
    row.dataset.key = key;
    renew?.(row);
    return row;
  });
  for (const gone of known.values()) gone.remove();
  rows.forEach((row, at) => { if (place.children[at] !== row) place.insertBefore(row, place.children[at] ?? null); });
}

let fading;

export function say(text, error = false) {
  const told = $("told");
  told.textContent = text;
  told.classList.toggle("error", error);
  clearTimeout(fading);
  if (!error) fading = setTimeout(() => { told.textContent = ""; }, 5000);
}

// An event's work, whose refusal is told.
export function told(work) {
  return async (event) => {
    try {
      await work(event);
    } catch (error) {
      say(error.message, true);
    }
  };
}

export const megapixels = (w, height) => {
  const millions = (w * height) / 1e6;
  return millions < 0.05 ? "" : `${millions >= 10 ? Math.round(millions) : millions.toFixed(1)} MP`;
};
export const sizeOf = (file) => `${file.width}×${file.height}`;
export const bytesOf = (n) => n < 1e3 ? `${n} bytes` : n < 1e6 ? `${Math.round(n / 1e3)} kB` : `${(n / 1e6).toFixed(1)} MB`;
// What there is to say, in a line.
export const facts = (...parts) => parts.filter(Boolean).join(" · ");

export function timeOf(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
