// One line chart as SVG: several lines, the range of what each point joins as
// a band, rules, markers, a cursor. Data and the visible range come from its
// board (board.js), gestures are in zoom.js and cursor.js.
import {save} from './api.js';
import {make_scale, pad_range, tick_text, ticks_of, time_unit, value_text} from './axis.js';
import {chart_picture} from './chart_picture.js';
import {h, replace, svg, fresh_id} from './elements.js';
import {smooth} from './smoothing.js';

const kHeight = 220;
const kMargin = {left: 56, right: 12, top: 12, bottom: 40};
const kMostDots = 60;

export class Chart {
  constructor(spec) {
    this.spec = spec;
    this.lines = [];    // {label, line_class, x, mean, min, max}
    this.markers = [];  // {x, kind, text}
    this.rules = [];    // {label, y}
    this.legend = [];   // {label, line_class}
    this.view = {axis: 'step', log_x: false, log_y: false, smoothing: 0, range: null};
    const clip = fresh_id('clip');
    this.clip_rect = svg('rect');
    this.plot = svg('g', {'clip-path': `url(#${clip})`});
    this.frame = svg('g');
    this.overlay = svg('g');
    this.svg = svg('svg', {class: 'plot', 'aria-hidden': 'true', height: kHeight},
      svg('defs', null, svg('clipPath', {id: clip}, this.clip_rect)),
      this.frame, this.plot, this.overlay);
    this.tip = h('div', {class: 'tip', hidden: true});
    this.spoken = h('p', {class: 'hidden', 'aria-live': 'polite'});
    this.area = h('div', {class: 'plot-area', tabindex: '0', role: 'group',
      'aria-roledescription': 'chart', 'aria-label': spec.title}, this.svg, this.tip);
    this.legend_row = h('p', {class: 'legend'});
    this.element = h('figure', {class: 'card chart'},
      h('div', {class: 'chart-head'}, h('h4', null, spec.title),
        h('button', {'aria-label': `Save ${spec.title} as SVG`, onclick: () => this.save()}, 'SVG')),
      this.legend_row, this.area, this.spoken,
      h('figcaption', null, spec.caption ?? ''));
  }

  set(data, view) {
    Object.assign(this, data);
    this.view = view;
    this.draw();
  }

  save() {
    save(new Blob([chart_picture(this)], {type: 'image/svg+xml'}),
      `${this.spec.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`);
  }

  // Shown lines with the smoothed values beside the raw ones.
  prepare() {
    return this.lines.filter((line) => line.x.length).map((line) => ({
      ...line, shown: smooth(line.mean, this.view.smoothing)}));
  }

  x_range() {
    if (this.view.range ?? this.view.whole) return this.view.range ?? this.view.whole;
    let low = Infinity;
    let high = -Infinity;
    for (const line of this.drawn) {
      low = Math.min(low, line.x[0]);
      high = Math.max(high, line.x[line.x.length - 1]);
    }
    return high >= low ? [low, high] : [0, 1];
  }

  y_range([from, to]) {
    const is_log = this.view.log_y;
    const values = [];
    const ends = [];
    for (const line of this.drawn) {
      for (let i = 0; i < line.x.length; ++i) {
        if (line.x[i] < from || line.x[i] > to) continue;
        for (const [list, value] of [[values, line.mean[i]], [ends, line.min?.[i]],
          [ends, line.max?.[i]]]) {
          if (value !== null && value !== undefined && (!is_log || value > 0)) list.push(value);
        }
      }
    }
    // A band's outermost spikes must not flatten the lines.
    ends.sort((a, b) => a - b);
    const cut = Math.floor(ends.length * 0.01);
    values.push(...ends.slice(cut, ends.length - cut));
    // A rule belongs in the picture only where the lines come near it.
    let low = values.reduce((a, b) => Math.min(a, b), Infinity);
    let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!(high >= low)) return is_log ? [0.1, 1] : [0, 1];
    for (const rule of this.rules) {
      if (!this.view.range && rule.y > high) high = Math.max(high, rule.y);
    }
    return pad_range(low, high, {...this.spec, is_log});
  }

  draw() {
    this.drawn = this.prepare();
    const width = Math.max(240, this.area.clientWidth || 480);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${kHeight}`);
    this.svg.setAttribute('width', width);
    const box = {left: kMargin.left, top: kMargin.top, right: width - kMargin.right,
      bottom: kHeight - kMargin.bottom};
    this.box = box;
    for (const [name, value] of Object.entries({x: box.left, y: box.top,
      width: box.right - box.left, height: box.bottom - box.top})) {
      this.clip_rect.setAttribute(name, value);
    }
    let [from, to] = this.x_range();
    const log_x = this.view.log_x && to > 0;
    if (log_x && from <= 0) from = Math.min(1, to / 1000);
    this.x = make_scale(from, to > from ? to : from + 1, box.left, box.right, log_x);
    const [low, high] = this.y_range([from, to]);
    this.y = make_scale(low, high, box.bottom, box.top, this.view.log_y && low > 0);
    this.draw_frame(width);
    replace(this.plot, this.rules.map((rule) => this.draw_rule(rule)),
      this.drawn.map((line) => this.draw_line(line)),
      this.markers.map((marker) => this.draw_marker(marker)));
    this.draw_legend();
    this.area.setAttribute('aria-label', this.summary());
  }

  draw_frame(width) {
    const {box} = this;
    const unit = this.view.axis === 'time_s' ? time_unit(this.x.high) : {divide: 1, name: ''};
    this.x_unit = unit;
    const x_label = this.view.axis === 'time_s' ? `time (${unit.name})` : this.view.axis;
    const parts = [];
    // Shares get round per cents, bytes round gigabytes.
    for (const tick of ticks_of(this.y, 5, this.spec.unit === 'share' ? 0.01 : 1)) {
      const at = this.y.px(tick);
      parts.push(svg('path', {class: 'gridline', d: `M${box.left} ${at}H${box.right}`}),
        svg('text', {class: 'tick', x: box.left - 7, y: at + 4, 'text-anchor': 'end'},
          this.spec.unit ? value_text(tick, this.spec.unit) : tick_text(tick)));
    }
    for (const tick of ticks_of(this.x, Math.floor(width / 64), unit.divide)) {
      const at = this.x.px(tick);
      parts.push(svg('path', {class: 'gridline', d: `M${at} ${box.top}V${box.bottom}`}),
        svg('text', {class: 'tick', x: at, y: box.bottom + 16, 'text-anchor': 'middle'},
          tick_text(Number((tick / unit.divide).toPrecision(9)))));
    }
    parts.push(svg('path', {class: 'axis', d: `M${box.left} ${box.bottom}H${box.right}`}),
      svg('text', {class: 'tick', x: (box.left + box.right) / 2, y: kHeight - 6,
        'text-anchor': 'middle'}, x_label));
    replace(this.frame, parts);
  }

  // SVG path through points; a missing value lifts the pen.
  path(x, y) {
    let text = '';
    let is_down = false;
    for (let i = 0; i < x.length; ++i) {
      const skip = y[i] === null || (this.y.is_log && y[i] <= 0)
        || (this.x.is_log && x[i] <= 0);
      if (!skip) {
        text += `${is_down ? 'L' : 'M'}${this.x.px(x[i]).toFixed(1)} ${this.y.px(y[i]).toFixed(1)}`;
      }
      is_down = !skip;
    }
    return text;
  }

  draw_line(line) {
    const parts = [];
    if (line.min) parts.push(...this.draw_band(line));
    if (line.shown !== line.mean) {
      parts.push(svg('path', {class: `line raw ${line.line_class}`, d: this.path(line.x, line.mean)}));
    }
    parts.push(svg('path', {class: `line ${line.line_class}`, d: this.path(line.x, line.shown)}));
    if (line.x.length <= kMostDots) {
      line.x.forEach((x, i) => {
        if (line.shown[i] === null || (this.y.is_log && line.shown[i] <= 0)) return;
        parts.push(svg('circle', {class: `dot ${line.line_class}`, cx: this.x.px(x),
          cy: this.y.px(line.shown[i]), r: 2.5}));
      });
    }
    return parts;
  }

  // One area for each stretch without gaps.
  draw_band(line) {
    const floor = this.y.is_log ? this.y.low : -Infinity;
    const areas = [];
    let stretch = [];
    const close = () => {
      if (stretch.length > 1) {
        const there = stretch.map((i) => `${this.x.px(line.x[i]).toFixed(1)} ${
          this.y.px(Math.max(floor, line.max[i])).toFixed(1)}`);
        const back = stretch.reverse().map((i) => `${this.x.px(line.x[i]).toFixed(1)} ${
          this.y.px(Math.max(floor, line.min[i])).toFixed(1)}`);
        areas.push(svg('path', {class: `band ${line.line_class}`,
          d: `M${there.join('L')}L${back.join('L')}Z`}));
      }
      stretch = [];
    };
    line.x.forEach((x, i) => {
      if (line.min[i] === null || (this.x.is_log && x <= 0)) close();
      else stretch.push(i);
    });
    close();
    return areas;
  }

  draw_rule(rule) {
    const at = this.y.px(rule.y);
    if (at < this.box.top || at > this.box.bottom) return null;
    return svg('g', null, svg('path', {class: 'rule', d: `M${this.box.left} ${at}H${this.box.right}`}),
      svg('text', {class: 'tick rule-label', x: this.box.right - 4, y: at + (at < 26 ? 14 : -5),
        'text-anchor': 'end'}, rule.label));
  }

  draw_marker(marker) {
    const at = this.x.px(marker.x);
    if (!(at >= this.box.left && at <= this.box.right)) return null;
    const {bottom, top} = this.box;
    const shape = marker.kind === 'checkpoint' ? `M${at} ${bottom}V${bottom - 8}`
      : marker.kind === 'warning'
        ? `M${at - 5} ${bottom}L${at} ${bottom - 10}L${at + 5} ${bottom}Z`
        : `M${at} ${bottom}V${top}`;
    return svg('path', {class: `marker ${marker.kind} ${marker.line_class}`, d: shape},
      svg('title', null, `${marker.run}: ${marker.kind} at step ${marker.step}. ${marker.text}`));
  }

  draw_legend() {
    this.legend_row.hidden = this.drawn.length < 2;
    replace(this.legend_row, this.legend.map((entry) => h('span', null,
      svg('svg', {width: 24, height: 8, 'aria-hidden': 'true'},
        svg('path', {class: `line ${entry.line_class}`, d: 'M1 4H23'})), entry.label)));
  }

  summary() {
    const {unit} = this.spec;
    const parts = this.drawn.map((line) => {
      const values = line.mean.filter((value) => value !== null);
      if (!values.length) return `${line.label}: no values.`;
      const low = values.reduce((a, b) => Math.min(a, b));
      const high = values.reduce((a, b) => Math.max(a, b));
      return `${line.label}: from ${value_text(values[0], unit)} to ${
        value_text(values[values.length - 1], unit)}, between ${value_text(low, unit)} and ${
        value_text(high, unit)}.`;
    });
    return `${this.spec.title} by ${this.view.axis === 'time_s' ? 'time' : this.view.axis}. ${
      parts.join(' ') || 'No values yet.'} Arrow keys read values, plus and minus zoom, 0 shows all.`;
  }
}
