// Class by class: scores, the precision-recall curve, and what is taken for
// what, each with the way to the images behind the figure.
import {get, get_once} from './api.js';
import {image_address, map_address} from './addresses.js';
import {announce, code, empty, h, replace, scroll_box} from './elements.js';
import {count, integer, percent} from './format.js';
import {matrix} from './matrix.js';
import {pr_curve} from './pr_curve.js';
import {share_cell} from './scores.js';

const kColumns = [
  ['name', 'Class'], ['num_positives', 'Images'], ['ap', 'AP'], ['precision', 'Precision'],
  ['recall', 'Recall'], ['f1', 'F1']];

class ClassTable {
  // `choose(index)` shows a class's curve.
  constructor(classes, info, choose) {
    this.rows = classes.map((row, index) => ({...row, index}));
    this.info = info;
    this.choose = choose;
    this.sort_by = {key: 'ap', is_down: false};
    this.head = h('tr');
    this.body = h('tbody');
    this.element = h('table', null, h('caption', null, 'Scores by class. A column\'s heading sorts.'),
      h('thead', null, this.head), this.body);
    this.draw();
  }

  sort(key) {
    const is_down = this.sort_by.key === key ? !this.sort_by.is_down : key !== 'name';
    this.sort_by = {key, is_down};
    this.draw();
    this.head.querySelector(`[data-key="${key}"]`)?.focus();
    announce(`Sorted by ${key}, ${is_down ? 'descending' : 'ascending'}`);
  }

  draw() {
    const {key, is_down} = this.sort_by;
    replace(this.head, kColumns.map(([name, text]) => h('th', {scope: 'col',
      'aria-sort': name === key ? (is_down ? 'descending' : 'ascending') : null},
    h('button', {type: 'button', 'data-key': name, onclick: () => this.sort(name)}, text,
      name === key ? h('span', {'aria-hidden': 'true'}, is_down ? ' ↓' : ' ↑') : null))),
    h('th', {scope: 'col', class: 'text'}, 'Look at'));
    const sorted = [...this.rows].sort((a, b) => {
      // Classes without a score stay at the end.
      if (a[key] === null || b[key] === null) return (a[key] === null) - (b[key] === null);
      const order = typeof a[key] === 'string' ? a[key].localeCompare(b[key]) : a[key] - b[key];
      return is_down ? -order : order;
    });
    replace(this.body, sorted.map((row) => this.draw_row(row)));
  }

  draw_row(row) {
    const link = (href, text) => h('a', {href, 'aria-label': `${text}: ${row.name}`}, text);
    return h('tr', null,
      h('th', {scope: 'row', class: 'text'}, h('button', {type: 'button',
        onclick: () => this.choose(row.index)}, row.name)),
      h('td', null, integer(row.num_positives)), share_cell(row.ap),
      [row.precision, row.recall, row.f1].map((share) => h('td', null, percent(share))),
      h('td', {class: 'text links'}, this.info.has.data ? [
        link(image_address({missed: row.name}), 'missed'), ' ',
        link(image_address({wrong: row.name}), 'wrong'), ' ',
        this.info.has.footprints ? link(map_address({missed: row.name}), 'map') : null]
        : null));
  }
}

function summary(classes) {
  const scored = classes.classes.filter((row) => row.ap !== null).sort((a, b) => a.ap - b.ap);
  if (!scored.length) return 'No class has a score: the images that were predicted have no labels.';
  const named = (rows) => rows.map((row) => `${row.name} (${percent(row.ap, 0)})`).join(', ');
  return `Worst: ${named(scored.slice(0, 3))}. Best: ${named(scored.slice(-3).reverse())}.`;
}

export async function show(page, {argument, signal, info, place}) {
  replace(page, h('h1', null, 'Classes'));
  if (!info.has.predictions) {
    page.append(empty('No predictions.', 'Start with ', code('--data D --predictions P.parquet'),
      ': labelled images, and what ', code('nadir predict --probe …'), ' says of them.'));
    return;
  }
  const classes = await get_once('/api/classes');
  const curve = h('div', {class: 'card', 'aria-live': 'polite'});
  async function choose(index) {
    replace(curve, h('p', {class: 'soft'}, 'Loading …'));
    try {
      replace(curve, pr_curve(await get(`/api/classes/${index}/curve`, {}, signal),
        classes.classes[index]));
    } catch (error) {
      if (error.name !== 'AbortError') replace(curve, h('p', {class: 'problem'}, error.message));
    }
  }
  const table = new ClassTable(classes.classes, info, choose);
  page.append(h('p', null, summary(classes)),
    h('p', {class: 'soft'}, `${count(classes.num_images, 'image')} of ${classes.source}: AP macro ${
      percent(classes.ap_macro)}, micro ${percent(classes.ap_micro)}.`),
    h('div', {class: 'two classes'},
      h('div', {class: 'card'}, scroll_box('Scores by class', table.element)), curve),
    h('h2', null, 'What is taken for what'),
    h('p', {class: 'soft'}, 'Of the images that truly have the class of a row, the share for which '
      + 'the class of the column was predicted, in per cent. The diagonal is recall. Images have '
      + 'several classes, so that dark cells beside the diagonal may be right.'),
    matrix(classes.classes.map((row) => row.name), classes.co_occurrence));
  place();
  const worst = table.rows.filter((row) => row.ap !== null).sort((a, b) => a.ap - b.ap)[0];
  await choose(argument !== '' && classes.classes[argument] ? Number(argument) : worst?.index ?? 0);
}
