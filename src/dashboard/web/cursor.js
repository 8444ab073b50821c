// The cursor of a chart: under the mouse, or moved by keys, it shows the values
// of all lines at one x.
import {tick_text, value_text} from './axis.js';
import {h, replace, svg} from './elements.js';
import {scaled_range} from './zoom.js';

// Index of the value of the ascending `list` nearest to `x`; -1 if empty.
export function nearest_index(list, x) {
  let low = 0;
  let high = list.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(list[low] - x) <= Math.abs(list[high] - x) ? low : high;
}

export class Cursor {
  // `on_move(x or null)` tells the other charts, `set_range` zooms.
  constructor(chart, on_move, set_range) {
    this.chart = chart;
    this.on_move = on_move;
    this.set_range = set_range;
    this.at = null;  // value of x
    const {area} = chart;
    area.addEventListener('pointermove', (event) => {
      const bounds = chart.svg.getBoundingClientRect();
      this.move_to(chart.x.value(event.clientX - bounds.left), true);
    });
    area.addEventListener('pointerleave', () => this.hide());
    area.addEventListener('blur', () => this.hide());
    area.addEventListener('keydown', (event) => this.key(event));
  }

  // The line that keys walk along: the one with most points.
  longest() {
    return this.chart.drawn.reduce((a, b) => (b.x.length > a.x.length ? b : a),
      {x: []}).x;
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.chart.drawn?.length) return;
    const steps = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const {x, box} = this.chart;
    const list = this.longest().filter((value) => value >= x.low && value <= x.high);
    if (!list.length) return;
    const center = this.at === null ? (box.left + box.right) / 2 : x.px(this.at);
    if (steps) {
      const from = this.at === null ? (steps > 0 ? -1 : list.length) : nearest_index(list, this.at);
      const to = from + steps * (event.shiftKey ? 10 : 1);
      this.move_to(list[Math.min(list.length - 1, Math.max(0, to))], false);
    } else if (event.key === 'Home' || event.key === 'End') {
      this.move_to(list[event.key === 'Home' ? 0 : list.length - 1], false);
    } else if (event.key === '+' || event.key === '=') {
      this.set_range(scaled_range(this.chart, center, 0.5));
    } else if (event.key === '-') {
      this.set_range(scaled_range(this.chart, center, 2));
    } else if (event.key === '0') {
      this.set_range(null);
    } else if (event.key === 'Escape') {
      this.hide();
    } else {
      return;
    }
    event.preventDefault();
  }

  move_to(x, is_mouse) {
    if (!this.chart.drawn?.length) return;
    const longest = this.longest();
    const nearest = longest[nearest_index(longest, x)];
    if (nearest === undefined) return;
    this.at = nearest;
    this.on_move(nearest);
    const rows = this.chart.drawn.map((line) => this.row(line));
    const unit = this.chart.x_unit;
    const title = `${this.chart.view.axis === 'time_s' ? 'time' : this.chart.view.axis} ${
      tick_text(Number((nearest / unit.divide).toPrecision(7)))} ${unit.name}`.trim();
    this.show_tip(title, rows);
    if (!is_mouse) {
      this.chart.spoken.textContent = `${title}. ${rows.map((r) => `${r.label} ${r.value}`).join(', ')}`;
    }
  }

  row(line) {
    const i = nearest_index(line.x, this.at);
    const {unit} = this.chart.spec;
    let value = value_text(line.mean[i], unit);
    if (line.min && line.min[i] !== null) {
      value += ` (${value_text(line.min[i], unit)} to ${value_text(line.max[i], unit)})`;
    }
    return {label: line.label, value, line_class: line.line_class, x: line.x[i],
      y: line.shown[i]};
  }

  show_tip(title, rows) {
    const {tip, overlay, area, x, y} = this.chart;
    replace(tip, h('strong', null, title), rows.map((row) => h('div', null,
      svg('svg', {width: 18, height: 8, 'aria-hidden': 'true'},
        svg('path', {class: `line ${row.line_class}`, d: 'M1 4H17'})),
      h('span', null, row.label), h('b', null, row.value))));
    tip.hidden = false;
    for (const row of rows) {
      if (row.y === null || (y.is_log && row.y <= 0)) continue;
      overlay.append(svg('circle', {class: `dot ${row.line_class}`, cx: x.px(row.x),
        cy: y.px(row.y), r: 4}));
    }
    const at = x.px(this.at);
    const room = area.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, at + 14 > room ? at - tip.offsetWidth - 14 : at + 14))}px`;
  }

  hide() {
    this.at = null;
    this.chart.tip.hidden = true;
    this.on_move(null);
  }
}

// The vertical line that all charts of a board share.
export function draw_cursor(chart, x) {
  if (!chart.x) return;
  const at = x === null ? NaN : chart.x.px(x);
  if (!(at >= chart.box.left && at <= chart.box.right)) {
    chart.overlay.replaceChildren();
    return;
  }
  replace(chart.overlay, svg('path', {class: 'cursor',
    d: `M${at} ${chart.box.top}V${chart.box.bottom}`}));
}
