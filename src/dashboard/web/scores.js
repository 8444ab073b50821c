// Tables of scores that a run's evaluations left: trained features beside the
// baseline, then average precision class by class.
import {code, empty, h, scroll_box} from './elements.js';
import {integer, percent} from './format.js';

export function column_heads(names) {
  return h('thead', null, h('tr', null, names.map((name) => h('th', {scope: 'col'}, name))));
}

// A share as a bar behind its number.
export function share_cell(share) {
  if (share === null || share === undefined) return h('td', null, '–');
  const bar = h('i', {'aria-hidden': 'true'});
  bar.style.width = `${Math.round(100 * Math.min(1, Math.max(0, share)))}%`;
  return h('td', null, percent(share), h('span', {class: 'meter'}, bar));
}

function total_table(table) {
  return h('table', null,
    column_heads(['Features', 'AP macro', 'AP micro', 'Accuracy']),
    h('tbody', null, table.rows.map((row) => h('tr', null,
      h('th', {scope: 'row', class: 'text'}, row.features), share_cell(row.ap_macro),
      share_cell(row.ap_micro), share_cell(row.accuracy)))));
}

function class_table([first, ...others]) {
  const by_name = others.map((row) => new Map(row.per_class.map((one) => [one.name, one])));
  const worst_first = [...first.per_class].sort((a, b) => (a.ap ?? 2) - (b.ap ?? 2));
  return h('table', null,
    h('caption', null, 'Average precision by class, worst first'),
    column_heads(['Class', 'Images', `AP, ${first.features}`,
      ...others.map((row) => `AP, ${row.features}`), 'F1']),
    h('tbody', null, worst_first.map((one) => h('tr', null,
      h('th', {scope: 'row', class: 'text'}, one.name), h('td', null, integer(one.num_positives)),
      share_cell(one.ap), by_name.map((rows) => share_cell(rows.get(one.name)?.ap)),
      h('td', null, percent(one.f1))))));
}

// Rows with scores by class, the trained features before the baselines.
function by_class(table) {
  return table.rows.filter((row) => row.per_class?.length)
    .sort((a, b) => Boolean(a.is_baseline) - Boolean(b.is_baseline));
}

export function score_tables(run) {
  if (!run.tables.length) {
    return empty('No scores yet.', 'Score this run with ', code(
      `nadir eval linear --weights ${run.path} --data D`), ' or ', code('nadir eval knn'),
      '; results in its folder show up here.');
  }
  return run.tables.map((table) => h('div', {class: 'card scores'},
    h('h3', null, `${table.kind}, ${table.task}`), h('p', {class: 'soft'}, table.data),
    scroll_box(`Scores: ${table.kind}`, total_table(table), by_class(table).length ? class_table(by_class(table)) : null)));
}
