// The browser of patches: filters in the address, a page of them at a time.
import {either, get, get_once} from './api.js';
import {image_address, keep_address, map_address} from './addresses.js';
import {announce, button, code, empty, h, replace, select_field} from './elements.js';
import {count} from './format.js';
import {image_grid} from './image_card.js';

const kPage = 60;
const kTyping_ms = 300;

export function no_data() {
  return empty('No images: the dashboard knows no dataset.', 'Start with ', code('--data D'),
    ': whatever ', code('nadir pretrain --data'), ' takes. Add ', code('--predictions P.parquet'), ' (',
    code('nadir predict'), ') and ', code('--embeddings E.parquet'), ' (', code('nadir embed'),
    ') to see more.');
}

function filter_form(data, info, filters, changed) {
  const any = (list, text = 'any') => [['', text], ...list];
  const pick = (label, key, list) => (list.length ? select_field(label, any(list),
    filters[key] ?? '', (value) => changed({[key]: value})) : null);
  let timer = 0;
  const text = h('input', {type: 'search', value: filters.text ?? '', oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed({text: text.value}), kTyping_ms);
  }});
  return h('form', {class: 'controls', 'aria-label': 'Filters', onsubmit: (e) => e.preventDefault()},
    pick('Class', 'class', data.class_names),
    pick('Split', 'split', data.splits.map((split) => split.name)),
    pick('Country', 'country', data.countries), pick('Season', 'season', data.seasons),
    h('label', {class: 'field'}, h('span', null, 'Name contains'), text),
    info.has.predictions ? [
      select_field('Order', [['order', 'as in the data'], ['worst', 'worst errors first']],
        filters.sort ?? 'order', (sort) => changed({sort: sort === 'order' ? '' : sort})),
      pick('Missed', 'missed', data.class_names), pick('Wrongly found', 'wrong', data.class_names),
    ] : null);
}

export async function show(page, {query, signal, info, place}) {
  replace(page, h('h1', null, 'Images'));
  if (!info.has.data) {
    page.append(no_data());
    return;
  }
  const data = await get_once('/api/data');
  let filters = Object.fromEntries(query);
  let offset = 0;
  let request = null;
  const status = h('p', {class: 'soft', role: 'status'});
  const grid = h('div');
  const more = button('Show more', () => load(true));
  const onto_map = h('a', {hidden: true}, 'Show these on the map');

  async function load(is_more) {
    request?.abort();
    request = new AbortController();
    if (!is_more) offset = 0;
    more.disabled = true;
    try {
      const answer = await get('/api/images', {...filters, offset, limit: kPage},
        either(signal, request.signal));
      const part = image_grid(answer.images);
      if (is_more) grid.append(part);
      else replace(grid, part);
      offset += answer.images.length;
      status.textContent = `${count(answer.total, 'image')}${
        offset < answer.total ? `, the first ${offset} shown` : ''}`;
      more.hidden = offset >= answer.total;
      if (is_more) part.querySelector('a')?.focus();
      if (!answer.total) {
        replace(grid, empty('No image is like that.', 'Take a filter away.'));
      }
      announce(status.textContent);
    } catch (error) {
      if (error.name === 'AbortError') return;
      replace(grid, h('p', {class: 'problem', role: 'alert'}, error.message));
    }
    more.disabled = false;
  }
  function update() {
    const name = filters.missed || filters.wrong;
    onto_map.hidden = !name || !info.has.footprints;
    onto_map.href = map_address(filters.missed ? {missed: name} : {wrong: name});
  }
  function changed(values) {
    filters = Object.fromEntries(Object.entries({...filters, ...values}).filter(([, v]) => v));
    keep_address(image_address(filters));
    update();
    load(false);
  }
  page.append(h('p', {class: 'soft'}, data.description), filter_form(data, info, filters, changed),
    h('div', {class: 'buttons'}, status, onto_map), grid, h('div', {class: 'buttons'}, more));
  update();
  place();
  await load(false);
}
