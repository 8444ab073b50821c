// Settings in which the runs differ, a column a run.
import {get} from './api.js';
import {empty, h, replace, scroll_box} from './elements.js';
import {count} from './format.js';

export async function show(page, {signal}) {
  const [{runs}, {differences}] = await Promise.all([
    get('/api/runs', {}, signal), get('/api/runs/differences', {}, signal)]);
  replace(page, h('h1', null, 'Differences'));
  if (runs.length < 2) {
    page.append(empty('There is nothing to compare.',
      'Open several runs: nadir dashboard RUN1 RUN2 …'));
    return;
  }
  if (!differences.length) {
    page.append(empty('These runs have the same settings.'));
    return;
  }
  const rows = h('tbody');
  const draw = (filter) => replace(rows, differences
    .filter(({key}) => key.toLowerCase().includes(filter.toLowerCase()))
    .map(({key, values}) => h('tr', null, h('th', {scope: 'row', class: 'text'}, key),
      values.map((value) => h('td', {class: 'text'}, value === '' || value === null ? '–' : value)))));
  draw('');
  const field = h('input', {type: 'search', oninput: () => draw(field.value)});
  page.append(
    h('p', {class: 'soft'}, `${count(differences.length, 'setting')} differ among ${
      count(runs.length, 'run')}.`),
    h('div', {class: 'controls'}, h('label', {class: 'field'}, h('span', null, 'Setting contains'),
      field)),
    h('div', {class: 'card'}, scroll_box('Differences', h('table', null, h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'Setting'),
        runs.map((run) => h('th', {scope: 'col', class: 'text'},
          h('a', {href: `#/run/${run.id}`}, run.name))))), rows))));
}
