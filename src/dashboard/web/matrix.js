// A matrix of shares as a table whose cells are coloured: numbers for who
// cannot see the colours, colours for who looks for patterns.
import {h, scroll_box} from './elements.js';
import {css, ink_on, ramp_color} from './palette.js';

function cell(share, is_diagonal, row, column) {
  const element = h('td', {class: is_diagonal ? 'diagonal' : null},
    share === null ? '–' : String(Math.round(100 * share)));
  if (share !== null) {
    const color = ramp_color(share);
    element.style.backgroundColor = css(color);
    element.style.color = ink_on(color);
  }
  element.title = `${row} → ${column}`;
  return element;
}

// rows[t][p]: of the images with class t, the share predicted p.
export function matrix(names, rows) {
  return h('div', {class: 'card'}, scroll_box('Matrix of classes', h('table', {class: 'matrix'},
    h('caption', {class: 'hidden'}, 'Predicted classes (columns) of images with a class (rows)'),
    h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'truth ↓ predicted →'),
      names.map((name) => h('th', {scope: 'col', class: 'turned'}, h('span', null, name))))),
    h('tbody', null, names.map((name, t) => h('tr', null,
      h('th', {scope: 'row', class: 'text'}, name),
      names.map((other, p) => cell(rows[t]?.[p] ?? null, t === p, name, other))))))));
}
