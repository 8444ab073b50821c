// The overview: what to know first, then a card with the verdict of each run,
// then the charts of all of them.
import {get} from './api.js';
import {Board, marker_key} from './board.js';
import {announce, check_field, code, empty, h, replace, svg} from './elements.js';
import {known_runs, on_event, remember_runs} from './events.js';
import {count, duration, integer, number, percent, time} from './format.js';
import {guide} from './guide.js';
import {run_class} from './palette.js';

const kMostShown = 8;  // more lines than that nobody reads: the rest by choice

export const kHealthMark = {healthy: '✓', watch: '!', failing: '✕', unknown: '?'};

export function verdict_heading(run) {
  const {health, headline} = run.verdict;
  return h('p', {class: `verdict ${health}`},
    h('span', {class: 'mark', 'aria-hidden': 'true'}, kHealthMark[health] ?? '?'), headline);
}

export function progress_of(run) {
  const share = run.total_steps > 0 ? Math.min(1, run.step / run.total_steps) : null;
  const total = run.total_steps ? ` of ${integer(run.total_steps)}` : '';
  const parts = [`${run.state === 'unknown' ? 'state unknown' : run.state}, step ${
    integer(run.step)}${total}`];
  if (run.epoch !== null) parts.push(`epoch ${number(run.epoch, 3)}`);
  if (run.state === 'running' && run.time_left_s !== null) {
    parts.push(`${duration(run.time_left_s)} left`);
  }
  const text = parts.join(', ');
  return [share === null ? null : h('progress', {max: '1', value: String(share),
    'aria-label': `Progress of ${run.name}`}), h('p', {class: 'soft'}, text)];
}

// What its process said last, where that is more than its state.
export function message_of(run) {
  return run.message && run.message !== run.state ? h('p', {class: 'soft'}, run.message) : null;
}

export function place_of(run) {
  return run.updated ? `${run.path}, updated ${time(run.updated)} UTC` : run.path;
}

export function figures_of(run) {
  const figures = [['loss', number(run.last_loss)],
    ['entropy / ln K', percent(run.entropy_share, 0)],
    ['best k-NN', percent(run.best_knn)]];
  if (run.ap_macro !== null) figures.push(['AP macro', percent(run.ap_macro), run.scored_by]);
  if (run.accuracy !== null) figures.push(['accuracy', percent(run.accuracy), run.scored_by]);
  figures.push(['images/s', number(run.images_per_s, 3)]);
  return h('dl', {class: 'figures'}, figures.map(([name, value, by]) => h('div', null,
    h('dt', null, name), h('dd', null, value, by ? h('small', null, ` ${by}`) : null))));
}

class RunCard {
  constructor(run, index, board) {
    this.body = h('div');
    const check = check_field('in the charts', !board.hidden_ids.has(run.id),
      (is_shown) => board.show_run(run.id, is_shown));
    this.element = h('article', {class: 'card run', 'aria-label': run.name},
      h('header', null,
        svg('svg', {width: 28, height: 10, 'aria-hidden': 'true'},
          svg('path', {class: `line ${run_class(index)}`, d: 'M1 5H27'})),
        h('h2', null, h('a', {href: `#/run/${run.id}`}, run.name)), check),
      this.body);
    this.update(run);
  }

  update(run) {
    this.element.className = `card run ${run.verdict.health}`;
    replace(this.body, verdict_heading(run), h('p', null, run.verdict.text),
      message_of(run),
      progress_of(run), figures_of(run),
      run.num_damaged ? h('p', {class: 'problem'},
        `${count(run.num_damaged, 'line')} of its metrics could not be read.`) : null,
      h('p', {class: 'soft'}, place_of(run)));
  }
}

export async function show(page, {signal, info, place}) {
  const {runs} = await get('/api/runs', {}, signal);
  remember_runs(runs);
  replace(page, h('h1', null, 'Runs'));
  const guide_box = h('section', {class: 'guide', 'aria-label': 'First look'});
  page.append(guide_box);
  guide(guide_box, runs, info, signal);
  if (!runs.length) {
    page.append(empty('No runs yet.', 'Start with ', code('nadir dashboard RUN…'),
      ': folders that ', code('nadir pretrain --out RUN'), ' writes, or a folder that holds some.'));
    return;
  }
  const board = new Board([...runs], signal);
  runs.slice(kMostShown).forEach((run) => board.hidden_ids.add(run.id));
  const cards = new Map();
  const list = h('div', {class: 'runs'});
  const add = (run) => {
    const card = new RunCard(run, cards.size, board);
    cards.set(run.id, card);
    list.append(card.element);
  };
  runs.forEach(add);
  page.append(list, h('h2', null, 'Charts'), marker_key(), board.element);
  place();
  on_event('runs', (changed) => {
    for (const run of changed) {
      const card = cards.get(run.id);
      if (!card) {
        board.runs.push(run);
        add(run);
        announce(`A new run: ${run.name}`);
        continue;
      }
      const before = board.runs.find((other) => other.id === run.id);
      if (before.verdict.headline !== run.verdict.headline || before.state !== run.state) {
        announce(`${run.name}: ${run.verdict.headline}, ${run.state}`);
        guide(guide_box, known_runs(), info, signal);
      }
      card.update(run);
    }
    board.update(changed);
  }, signal);
}
