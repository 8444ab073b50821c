// A group of charts of a board, e.g. "Collapse watch": loads its curves when
// it comes into sight, and hands each chart its lines.
import {Chart} from './chart.js';
import {Cursor, draw_cursor} from './cursor.js';
import {CurveLoader} from './curve_loader.js';
import {h} from './elements.js';
import {keys_of} from './catalog.js';
import {kNumColors, line_class, run_class} from './palette.js';
import {add_zoom} from './zoom.js';
import {number} from './format.js';
import {with_gaps} from './gaps.js';

export class ChartGroup {
  constructor(group, board, signal) {
    this.board = board;
    this.curves = new Map();  // run id -> curves of the last answer
    this.is_visible = false;
    this.charts = group.charts.map((spec) => this.make_chart(spec));
    this.note = h('p', {class: 'problem', role: 'alert', hidden: true});
    this.grid = h('div', {class: 'grid'}, this.charts.map((chart) => chart.element));
    this.element = h('details', {class: 'group', open: true},
      h('summary', null, h('h3', null, group.name)), this.note, this.grid);
    this.element.addEventListener('toggle', () => this.refresh());
    this.loader = new CurveLoader(keys_of(group), (run_id, answer, error) => {
      this.note.hidden = !error;
      this.note.textContent = error?.message ?? '';
      if (error) return;
      this.curves.set(run_id, Object.fromEntries(Object.entries(answer.curves)
        .map(([key, curve]) => [key, with_gaps(curve)])));
      this.board.note_range(run_id, answer.range);
      this.draw();
    }, signal);
    const watcher = new IntersectionObserver((entries) => {
      this.is_visible = entries.some((entry) => entry.isIntersecting);
      this.refresh();
    }, {rootMargin: '200px'});
    watcher.observe(this.element);
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.grid);
    signal.addEventListener('abort', () => {
      watcher.disconnect();
      sizes.disconnect();
    });
  }

  make_chart(spec) {
    const chart = new Chart(spec);
    const set_range = (range) => this.board.set_range(range);
    add_zoom(chart, set_range);
    chart.cursor = new Cursor(chart, (x) => this.board.show_cursor(x), set_range);
    return chart;
  }

  // Asks for the curves of shown runs, or of `run_ids` among them.
  refresh(run_ids) {
    if (!this.is_visible || !this.element.open) return;
    for (const run of this.board.shown_runs()) {
      if (run_ids && !run_ids.includes(run.id)) continue;
      this.loader.request(run.id, this.board.view, this.grid.clientWidth);
    }
  }

  // What a new range makes of the values that are here is drawn at once; the
  // exact ones follow.
  change_view(asks_anew) {
    this.draw();
    if (!asks_anew) return;
    this.loader.cancel();
    this.refresh();
  }

  forget() {
    this.loader.cancel();
    this.curves.clear();
  }

  lines_of(spec) {
    const runs = this.board.shown_runs();
    const keys = Object.entries(spec.keys);
    const is_alone = this.board.runs.length === 1;
    return runs.flatMap((run) => keys.flatMap(([key, label], k) => {
      const curve = this.curves.get(run.id)?.[key];
      if (!curve || !curve.x.length) return [];
      const index = this.board.index_of(run);
      return [{
        label: is_alone ? label : keys.length === 1 ? run.name : `${run.name}: ${label}`,
        // One run: a colour a quantity. Several: a colour a run, dashes tell
        // quantities, or the runs past the last colour.
        line_class: is_alone ? line_class(k)
          : keys.length === 1 ? run_class(index) : line_class(index % kNumColors, k),
        x: curve.x, mean: curve.mean, min: curve.exact ? null : curve.min,
        max: curve.exact ? null : curve.max,
      }];
    }));
  }

  // Colours for the runs, then dashes for the quantities.
  legend_of(spec, lines) {
    const keys = Object.values(spec.keys);
    if (this.board.runs.length === 1 || keys.length === 1) return lines;
    const runs = this.board.shown_runs().map((run) => (
      {label: run.name, line_class: line_class(this.board.index_of(run) % kNumColors)}));
    return [...runs, ...keys.map((label, k) => ({label, line_class: `plain d${k}`}))];
  }

  rules_of(spec) {
    if (!spec.has_log_k) return [];
    const levels = new Set(this.board.shown_runs().map((run) => run.log_num_prototypes)
      .filter((level) => level !== null));
    return [...levels].map((y) => ({label: `ln K = ${number(y)}`, y}));
  }

  draw() {
    if (!this.element.isConnected) return;
    for (const chart of this.charts) {
      const lines = this.lines_of(chart.spec);
      // A quantity that no run has takes no room.
      chart.element.hidden = !lines.length && this.curves.size > 0;
      if (chart.element.hidden) continue;
      chart.set({lines, legend: this.legend_of(chart.spec, lines), rules: this.rules_of(chart.spec),
        markers: this.board.markers()}, this.board.view);
      draw_cursor(chart, this.board.cursor_x);
    }
    this.element.classList.toggle('bare', this.curves.size > 0
      && this.charts.every((chart) => chart.element.hidden));
  }
}
