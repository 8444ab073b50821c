// One run: verdict, charts, scores, pictures, events, notes, configuration.
import {get} from './api.js';
import {Board, marker_key} from './board.js';
import {code, empty, h, replace, scroll_box} from './elements.js';
import {on_event, remember_runs} from './events.js';
import {duration, integer} from './format.js';
import {notes_editor} from './notes.js';
import {figures_of, message_of, place_of, progress_of, verdict_heading} from './runs.js';
import {score_tables} from './scores.js';

const kPictureTitles = {
  attention: 'Attention of the class token, a column a head',
  components: 'Principal components of the patch tokens as colours',
  views: 'Augmented views, as the networks see them',
  neighbours: 'Nearest neighbours of some images',
};

function head_of(run) {
  return [verdict_heading(run), h('p', null, run.verdict.text),
    message_of(run), progress_of(run),
    figures_of(run)];
}


function fold(title, content) {
  return h('details', {class: 'card'}, h('summary', null, title), content);
}

// A run that did not get far may lack either file.
function fold_pairs(title, values) {
  const entries = Object.entries(values ?? {});
  return fold(`${title} (${entries.length})`, h('dl', {class: 'facts'}, entries.map(([key, value]) => [
    h('dt', null, key),
    h('dd', null, typeof value === 'object' ? JSON.stringify(value) : String(value))])));
}

function event_list(events) {
  if (!events.length) return h('p', {class: 'soft'}, 'Nothing has happened yet.');
  return h('table', null,
    h('thead', null, h('tr', null, ['Step', 'Event', 'What'].map((text) => (
      h('th', {scope: 'col', class: 'text'}, text))))),
    h('tbody', null, events.slice().reverse().map((event) => h('tr', null,
      h('td', null, integer(event.step)), h('td', {class: 'text'}, event.kind),
      h('td', {class: 'text'}, event.text)))));
}

function pictures_of(run) {
  if (!run.pictures.length) {
    return empty('No pictures in this run.', 'Write some with ', code(
      'nadir view attention --weights RUN'), ' or ', code('nadir view components --weights RUN'),
      ' into its folder.');
  }
  return h('div', {class: 'run-pictures'}, run.pictures.map((name) => h('figure', {class: 'card'},
    h('img', {src: `/api/runs/${run.id}/pictures/${encodeURIComponent(name)}`, loading: 'lazy',
      alt: kPictureTitles[name] ?? name}),
    h('figcaption', null, kPictureTitles[name] ?? name))));
}

const shown_details = new WeakMap();  // box -> what it shows, as JSON

// Events and scores; what was unfolded stays so, what is the same is left alone.
function draw_details(run, events, scores) {
  const text = JSON.stringify([run.events, run.tables]);
  if (shown_details.get(events) === text) return;
  const is_open = events.querySelector('details')?.open ?? false;
  replace(events, fold(`Events (${run.events.length})`, scroll_box('Events', event_list(run.events))));
  events.querySelector('details').open = is_open;
  replace(scores, score_tables(run));
  shown_details.set(events, text);
}

export async function show(page, {argument, signal, place}) {
  const run = await get(`/api/runs/${encodeURIComponent(argument)}`, {}, signal);
  remember_runs([run]);
  document.title = `${run.name} · nadir`;
  const head = h('section', {class: `card run ${run.verdict.health}`, 'aria-label': 'Verdict'},
    head_of(run));
  const board = new Board([run], signal);
  const events = h('div');
  const scores = h('div');
  draw_details(run, events, scores);
  replace(page, h('h1', null, run.name),
    h('p', {class: 'soft'}, `${place_of(run)}, has run for ${duration(run.time_s)}`),
    head,
    h('h2', null, 'Charts'), marker_key(), board.element,
    h('h2', null, 'Scores'), scores,
    h('h2', null, 'Pictures'), pictures_of(run),
    h('h2', null, 'Notes'), notes_editor(run),
    h('h2', null, 'Events and settings'),
    events,
    fold_pairs('Configuration', run.config), fold_pairs('Provenance', run.provenance));
  place();
  // Evaluations may end, and events happen, while somebody looks.
  board.on_details = (details) => draw_details(details, events, scores);
  on_event('runs', (changed) => {
    const now = changed.find((other) => other.id === run.id);
    if (!now) return;
    head.className = `card run ${now.verdict.health}`;
    replace(head, head_of(now));
    board.update([now]);
  }, signal);
}
