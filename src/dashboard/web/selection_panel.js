// The picked images: how many, the first of them, and what to do with them.
import {download, get} from './api.js';
import {announce, button, h, replace} from './elements.js';
import {count} from './format.js';
import {thumbnail} from './image_card.js';
import {on_selection, select, selected} from './selection.js';

const kMostThumbnails = 36;
const kFormats = [['geojson', 'GeoJSON', 'patches.geojson'], ['csv', 'CSV', 'patches.csv'],
  ['names', 'Names', 'patches.txt']];

function export_buttons(ids, problem) {
  return kFormats.map(([format, text, name]) => button(text, async () => {
    problem.textContent = '';
    try {
      await download('/api/export', {ids, format}, name);
      announce(`Saved ${name}`);
    } catch (error) {
      problem.textContent = error.message;
    }
  }, {'aria-label': `Save the list as ${text}`}));
}

// `link`: the way to the other view of the list, [address, text] or null.
export function selection_panel(link, has_data, signal) {
  const panel = h('section', {class: 'card selected', 'aria-label': 'Picked images'});
  const draw = () => {
    const {ids, origin} = selected();
    if (!ids.length) {
      replace(panel, h('h2', null, 'Picked images'),
        h('p', {class: 'soft'}, 'None. Draw a lasso around points, or pick all that are in view.'));
      return;
    }
    const problem = h('p', {class: 'problem', role: 'alert'});
    replace(panel, h('h2', null, `Picked images: ${count(ids.length, 'image')}`),
      h('p', {class: 'soft'}, origin),
      h('div', {class: 'buttons'}, link ? h('a', {href: link[0]}, link[1]) : null,
        has_data ? [h('span', {class: 'soft'}, 'Save as'), export_buttons(ids, problem)] : null,
        button('Clear', () => select([], ''))),
      problem, has_data ? h('div', {class: 'thumbnails'}, ids.slice(0, kMostThumbnails).map((id) => (
        h('a', {href: `#/image/${id}`, 'aria-label': `Image ${id}`}, thumbnail(id, `image ${id}`)))))
        : null,
      ids.length > kMostThumbnails
        ? h('p', {class: 'soft'}, `The first ${kMostThumbnails} are shown.`) : null);
  };
  on_selection(() => {
    draw();
    announce(`${count(selected().ids.length, 'image')} picked`);
  }, signal);
  draw();
  return panel;
}

// Ids of all images (up to `most`) that a filter of the server leaves.
export async function ids_of(filters, most, signal) {
  const ids = [];
  let total = Infinity;
  while (ids.length < Math.min(total, most)) {
    const answer = await get('/api/images', {...filters, offset: ids.length, limit: 500}, signal);
    if (!answer.images.length) break;
    total = answer.total;
    ids.push(...answer.images.map((image) => image.id));
  }
  return {ids, total};
}
