// The page of the map: every image where it was taken, its colours, the list that
// somebody picked, the errors by country. The map itself is patch_map.js.
import {get, get_array, get_once} from './api.js';
import {image_address} from './addresses.js';
import {Colouring} from './colouring.js';
import {announce, append, button, code, empty, h, replace, scroll_box, select_field}
  from './elements.js';
import {error_by_country} from './error_places.js';
import {count, integer, percent} from './format.js';
import {load_leaflet} from './leaflet.js';
import {PatchMap} from './patch_map.js';
import {column_heads} from './scores.js';
import {select, selected} from './selection.js';
import {ids_of, selection_panel} from './selection_panel.js';

const kMostFromFilter = 5000;

function controls(patches, colourings, by, problem) {
  return h('div', {class: 'controls'},
    select_field('Colour by', colourings.map((one) => one.name), by, async (name) => {
      try {
        await patches.colouring.choose(name, patches.signal);
        patches.list_near();
      } catch (error) {
        problem.textContent = error.message;
      }
    }),
    h('span', {class: 'buttons'}, button('Show all', () => patches.fit(null)),
      button('Pick all in view', () => select(patches.in_view ?? [], 'in view on the map'))));
}

// Images that the address asks for: a filter of the server, or a list.
async function pick_from(query, patches, signal) {
  const kind = ['missed', 'wrong'].find((one) => query.get(one));
  if (kind) {
    const name = query.get(kind);
    const {ids, total} = await ids_of({[kind]: name}, kMostFromFilter, signal);
    const where = kind === 'missed' ? `where ${name} is missed` : `where ${name} is wrongly found`;
    select(ids, `${where}${total > ids.length ? `; the first ${ids.length} of ${total}` : ''}`);
    patches.fit(ids.length ? ids : null);
    return h('p', null, `${count(total, 'image')} ${where}; the others are faded. `,
      h('a', {href: image_address({[kind]: name})}, 'See them as pictures'));
  }
  const id = query.get('image');
  if (id !== null && Number.isFinite(patches.lon_lat[2 * Number(id)])) {
    patches.fit([Number(id)]);
    patches.show_image(Number(id));
    return null;
  }
  patches.fit(query.get('list') && selected().ids.length ? selected().ids : null);
  return null;
}

// What the colours show, in figures.
async function error_table(signal) {
  const places = await error_by_country(signal);
  if (!places.length) return '';
  return h('div', {class: 'card errors'}, scroll_box('Error by country', h('table', null,
    h('caption', null, 'Mean error by country, worst first'),
    column_heads(['Country', 'Images', 'Mean error', 'Look at']),
    h('tbody', null, places.map((place) => h('tr', null,
      h('th', {scope: 'row', class: 'text'}, place.name), h('td', null, integer(place.num_images)),
      h('td', null, percent(place.mean)), h('td', {class: 'text'},
        h('a', {href: image_address({country: place.name, sort: 'worst'}),
          'aria-label': `Worst images of ${place.name}`}, 'worst'))))))));
}

// The data may know no atlas; then these are the colours there can be.
async function colourings_of(info, data) {
  if (info.has.embeddings) return (await get('/api/atlas')).colourings;
  const lists = [['class', data.class_names], ['country', data.countries],
    ['season', data.seasons], ['split', data.splits.map((split) => split.name)]];
  const known = lists.filter(([, values]) => values.length).map(([name, values]) => ({name, values}));
  return info.has.predictions ? [...known, {name: 'error', values: null, range: [0, 1]}] : known;
}

export async function show(page, {query, signal, info, place}) {
  replace(page, h('h1', null, 'Map'));
  if (!info.has.footprints) {
    page.append(empty('No places are known.', 'Start with ', code('--data D'), ', a dataset folder whose ',
      code('index.parquet'), ' has the geometry of its images (', code('nadir data index'), ').'));
    return;
  }
  const box = h('div', {class: 'map', role: 'group', 'aria-label': 'Map of the images. Arrow keys move, '
    + 'plus and minus zoom; images near the centre are listed below.'});
  const problem = h('p', {class: 'problem', role: 'alert'});
  const [L, data] = await Promise.all([load_leaflet(), get_once('/api/data')]);
  const colourings = await colourings_of(info, data);
  place();
  page.append(box);  // Leaflet measures what it is put into
  const patches = new PatchMap(L, box, info, signal);
  patches.colouring = new Colouring('/api/map/codes', colourings, () => patches.recolour());
  const names = colourings.map((one) => one.name);
  const by = names.includes(query.get('by')) ? query.get('by') : names[0] ?? '';
  const note = h('div');
  replace(page, h('h1', null, 'Map'), note, controls(patches, colourings, by, problem), problem,
    h('div', {class: 'with-legend'}, box, patches.colouring.legend), patches.status,
    h('h2', null, 'Near the centre of the map'), patches.near,
    selection_panel(info.has.embeddings ? ['#/atlas', 'To the atlas'] : null, info.has.data, signal));
  patches.map.invalidateSize();
  patches.add_outlines().catch((error) => {
    if (error.name !== 'AbortError') problem.textContent = `No outlines: ${error.message}`;
  });
  patches.set_points(await get_array('/api/map/points', {}, Float32Array, signal));
  if (by) await patches.colouring.choose(by, signal);
  append(note, [await pick_from(query, patches, signal)]);
  if (info.has.predictions) page.append(await error_table(signal));
  await patches.moved();
  announce(patches.status.textContent);
}
