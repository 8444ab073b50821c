// Colours of many points by class, country, season, split or error, with the
// legend that names them and hides values.
import {get_array} from './api.js';
import {h, replace} from './elements.js';
import {percent} from './format.js';
import {category_color, css, kNoColor, ramp_color} from './palette.js';

const kNone = 255;

// What 98 of a hundred values lie in: a few extremes must not leave the others
// all alike.
function filled_range(values, range) {
  const known = values.filter((value) => Number.isFinite(value)).sort();
  const at = (share) => known[Math.round(share * (known.length - 1))];
  return known.length && at(0.99) > at(0.01) ? [at(0.01), at(0.99)] : range;
}

export class Colouring {
  // `path`: '/api/atlas/codes' or '/api/map/codes'. `colourings`: as
  // /api/atlas has them. `on_change` is called when colours have changed.
  constructor(path, colourings, on_change) {
    this.path = path;
    this.colourings = colourings;
    this.on_change = on_change;
    this.legend = h('div', {class: 'legend-list', role: 'group', 'aria-label': 'Legend'});
    this.hidden = new Set();
    this.codes = null;
  }

  async choose(name, signal) {
    const chosen = this.colourings.find((one) => one.name === name) ?? this.colourings[0];
    if (!chosen) return;
    const codes = await get_array(this.path, {by: chosen.name},
      chosen.values ? Uint8Array : Float32Array, signal);
    this.chosen = chosen.values ? chosen : {...chosen, range: filled_range(codes, chosen.range)};
    this.codes = codes;
    this.hidden.clear();
    this.draw_legend();
    this.on_change();
  }

  is_shown(i) {
    return !this.hidden.size || !this.chosen.values || !this.hidden.has(this.codes[i]);
  }

  // Where a value lies in the range, 0 to 1.
  share(value) {
    const [low, high] = this.chosen.range;
    return Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  }

  // Four bytes a point: red, green, blue, and 0 where it is not shown.
  rgba(num_points) {
    const out = new Uint8Array(4 * num_points);
    const {codes} = this;
    if (!codes) return out.fill(128);
    if (!this.chosen.values) {
      const table = Array.from({length: 256}, (_, i) => ramp_color(i / 255));
      for (let i = 0; i < num_points; ++i) {
        const is_known = Number.isFinite(codes[i]);
        out.set(is_known ? table[Math.round(255 * this.share(codes[i]))] : kNoColor, 4 * i);
        out[4 * i + 3] = 255;
      }
      return out;
    }
    const table = new Uint8Array(4 * 256);
    for (let code = 0; code < 256; ++code) {
      table.set(code < this.chosen.values.length ? category_color(code) : kNoColor, 4 * code);
      table[4 * code + 3] = this.hidden.has(code) ? 0 : 255;
    }
    const words = new Uint32Array(table.buffer);
    const result = new Uint32Array(out.buffer);
    for (let i = 0; i < num_points; ++i) result[i] = words[codes[i] ?? kNone];
    return out;
  }

  text_of(i) {
    if (!this.codes) return '';
    if (!this.chosen.values) return `${this.chosen.name} ${percent(this.codes[i])}`;
    return this.chosen.values[this.codes[i]] ?? `no ${this.chosen.name}`;
  }

  draw_legend() {
    if (!this.chosen.values) {
      this.draw_ramp();
      return;
    }
    const counts = new Uint32Array(256);
    for (const code of this.codes) ++counts[code];
    const entry = (code, name) => {
      if (!counts[code]) return null;
      const swatch = h('span', {class: 'swatch', 'aria-hidden': 'true'});
      swatch.style.backgroundColor = css(code === kNone ? kNoColor : category_color(code));
      const box = h('input', {type: 'checkbox', checked: true, onchange: () => {
        if (box.checked) this.hidden.delete(code);
        else this.hidden.add(code);
        this.on_change();
      }});
      return h('label', {class: 'check'}, box, swatch,
        h('span', null, `${name} `, h('small', null, counts[code].toLocaleString('en-GB'))));
    };
    replace(this.legend, this.chosen.values.map((name, code) => entry(code, name)),
      entry(kNone, `no ${this.chosen.name}`));
  }

  draw_ramp() {
    const [low, high] = this.chosen.range;
    const steps = Array.from({length: 24}, (_, i) => {
      const part = h('i');
      part.style.backgroundColor = css(ramp_color(i / 23));
      return part;
    });
    replace(this.legend, h('p', {class: 'soft'}, `${this.chosen.name}, brighter is ${
      this.chosen.name === 'error' ? 'worse' : 'more'}`),
    h('div', {class: 'ramp', 'aria-hidden': 'true'}, steps),
    h('p', {class: 'soft ramp-ends'}, h('span', null, percent(low, 0)),
      h('span', null, percent(high, 0))));
  }
}
