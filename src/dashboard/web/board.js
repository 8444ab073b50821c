// The charts of some runs with their controls: one axis, one range and one
// cursor for all of them.
import {get} from './api.js';
import {kAxes, kGroups} from './catalog.js';
import {ChartGroup} from './chart_group.js';
import {step_to_axis} from './curve_loader.js';
import {draw_cursor} from './cursor.js';
import {append, announce, button, check_field, h, select_field} from './elements.js';
import {run_class} from './palette.js';
import {tick_text} from './axis.js';

const kMostMarkers = 40;
const kEvents_ms = 10000;  // events of a run are asked for at most so often

export class Board {
  constructor(runs, signal) {
    this.runs = runs;
    this.signal = signal;
    this.hidden_ids = new Set();
    this.view = {axis: 'step', log_x: false, log_y: false, smoothing: 0, range: null,
      whole: null};
    this.ranges = new Map();  // run id -> first and last x of it all
    this.cursor_x = null;
    this.on_details = null;  // called with what is newly known of a run
    this.events = new Map();  // run id -> markers
    this.events_ms = new Map();
    this.groups = kGroups.map((group) => new ChartGroup(group, this, signal));
    this.range_note = h('span', {class: 'range-note'});
    this.reset = button('Show all', () => this.set_range(null), {disabled: true});
    this.element = h('section', {class: 'board', 'aria-label': 'Charts'},
      this.controls(), this.groups.map((group) => group.element));
    for (const run of runs) this.load_events(run);
  }

  controls() {
    const shown = h('span', null, 'off');
    const slider = h('input', {type: 'range', min: '0', max: '0.99', step: '0.01', value: '0',
      oninput: () => {
        this.view.smoothing = Number(slider.value);
        shown.textContent = this.view.smoothing ? slider.value : 'off';
        this.change(false);
      }});
    return h('form', {class: 'controls', 'aria-label': 'How charts are drawn',
      onsubmit: (event) => event.preventDefault()},
      select_field('Horizontal axis', kAxes, this.view.axis, (axis) => {
        this.view.axis = axis;
        this.view.range = null;
        this.ranges.clear();
        for (const group of this.groups) group.forget();
        this.events.clear();
        for (const run of this.runs) this.load_events(run);
        this.change(true);
      }),
      h('label', {class: 'field'}, h('span', null, 'Smoothing ', shown), slider),
      check_field('log x', false, (value) => {
        this.view.log_x = value;
        this.change(false);
      }),
      check_field('log y', false, (value) => {
        this.view.log_y = value;
        this.change(false);
      }),
      this.reset, this.range_note);
  }

  shown_runs() {
    return this.runs.filter((run) => !this.hidden_ids.has(run.id));
  }

  index_of(run) {
    return this.runs.findIndex((other) => other.id === run.id);
  }

  // All charts show the same stretch: that of all runs in them.
  note_range(run_id, range) {
    if (range && range[0] !== null) this.ranges.set(run_id, range);
    this.join_ranges();
  }

  join_ranges() {
    const ranges = this.shown_runs().map((run) => this.ranges.get(run.id)).filter(Boolean);
    this.view.whole = ranges.length ? [Math.min(...ranges.map((range) => range[0])),
      Math.max(...ranges.map((range) => range[1]))] : null;
  }

  show_run(id, is_shown) {
    if (is_shown) this.hidden_ids.delete(id);
    else this.hidden_ids.add(id);
    this.join_ranges();
    this.change(false);
    for (const group of this.groups) group.refresh([id]);
  }

  // Runs that have moved on: their curves again, if they are in sight and the
  // range is not one that they have left behind.
  update(changed) {
    for (const run of changed) {
      const index = this.index_of(run);
      if (index < 0) continue;
      this.runs[index] = run;
      this.load_events(run);
    }
    const ids = changed.map((run) => run.id);
    for (const group of this.groups) group.refresh(ids);
  }

  set_range(range) {
    this.view.range = range;
    this.reset.disabled = !range;
    const unit = this.view.axis === 'time_s' ? ' s' : '';
    this.range_note.textContent = range
      ? `${tick_text(Number(range[0].toPrecision(6)))} to ${
        tick_text(Number(range[1].toPrecision(6)))}${unit}` : '';
    announce(range ? `Charts show ${this.range_note.textContent}` : 'Charts show everything');
    this.change(true);
  }

  change(asks_anew) {
    for (const group of this.groups) group.change_view(asks_anew);
  }

  show_cursor(x) {
    this.cursor_x = x;
    for (const group of this.groups) {
      for (const chart of group.charts) draw_cursor(chart, x);
    }
  }

  markers() {
    return this.shown_runs().flatMap((run) => this.events.get(run.id) ?? []);
  }

  async load_events(run) {
    const now = performance.now();
    if (this.events.has(run.id) && now - this.events_ms.get(run.id) < kEvents_ms) return;
    this.events_ms.set(run.id, now);
    if (!this.events.has(run.id)) this.events.set(run.id, []);
    const {axis} = this.view;
    try {
      const [details, to_axis] = await Promise.all([
        get(`/api/runs/${run.id}`, {}, this.signal), step_to_axis(run.id, axis, this.signal)]);
      if (axis !== this.view.axis) return;
      const color = run_class(this.index_of(run)).split(' ')[0];
      this.events.set(run.id, thin(details.events).map((event) => (
        {...event, run: run.name, line_class: color, x: to_axis(event.step)})));
      for (const group of this.groups) group.draw();
      this.on_details?.(details);
    } catch (error) {
      // Charts without markers are better than none; the run's page will say
      // what is wrong with its events.
      if (error.name !== 'AbortError') this.events.set(run.id, []);
    }
  }
}

// Resumes and warnings all; of many checkpoints some, or they would be a wall.
function thin(events) {
  const marked = events.filter((event) => event.kind !== 'start');
  const checkpoints = marked.filter((event) => event.kind === 'checkpoint');
  const stride = Math.ceil(checkpoints.length / kMostMarkers);
  const kept = new Set(checkpoints.filter((_, i) => i % stride === 0));
  const others = marked.filter((event) => event.kind !== 'checkpoint').slice(-200);
  return [...kept, ...others];
}

// What the marks on the charts mean.
export function marker_key() {
  const key = h('p', {class: 'soft'});
  append(key, ['Marks: long line a resume or an end, short tick a checkpoint, triangle a warning. '
    + 'Drag over a chart to zoom all of them, double-click to show everything; a pale band is '
    + 'the range of what a point joins.']);
  return key;
}
