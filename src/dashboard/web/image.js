// One patch: what it looks like, what the network sees in it, what the probe
// says of it beside the truth, and what is like it.
import {get, get_once} from './api.js';
import {image_address, map_address, search_address} from './addresses.js';
import {code, empty, h, replace, scroll_box} from './elements.js';
import {number, percent, time} from './format.js';
import {image_grid} from './image_card.js';
import {attention_pictures, band_pictures, components_picture, composite_pictures, view_pictures}
  from './image_pictures.js';
import {no_data} from './images.js';

function degrees([lon, lat]) {
  return `${Math.abs(lat).toFixed(4)}° ${lat < 0 ? 'S' : 'N'}, ${
    Math.abs(lon).toFixed(4)}° ${lon < 0 ? 'W' : 'E'}`;
}

function facts_of(image) {
  const yes_no = (value) => (value === null || value === undefined ? null : value ? 'yes' : 'no');
  const center = image.footprint?.length
    ? image.footprint.reduce((sum, [lon, lat]) => [sum[0] + lon / image.footprint.length,
      sum[1] + lat / image.footprint.length], [0, 0]) : null;
  const facts = [['Labels', image.labels.join('; ')], ['Split', image.split],
    ['Country', image.country], ['Season', image.season],
    ['Date', image.date ? time(image.date) : null], ['Snow', yes_no(image.has_snow)],
    ['Cloud or shadow', yes_no(image.has_cloud)],
    ['Place', center ? degrees(center) : null],
    ['Error', image.error === null ? null : percent(image.error)]];
  return h('dl', {class: 'facts'}, facts.filter(([, value]) => value)
    .map(([name, value]) => [h('dt', null, name), h('dd', null, value)]));
}

function links_of(image, info, num_images) {
  const link = (href, text) => h('a', {href}, text);
  return h('p', {class: 'buttons'},
    image.id > 0 ? link(`#/image/${image.id - 1}`, '← Previous') : null,
    image.id + 1 < num_images ? link(`#/image/${image.id + 1}`, 'Next →') : null,
    image.footprint ? link(map_address({image: image.id}), 'Show on the map') : null,
    info.has.embeddings ? link(search_address({like: image.id}), 'Search for more like this') : null,
    info.has.predictions ? link(image_address({sort: 'worst'}), 'Worst errors') : null);
}

// Each class's probability as a bar with its threshold as a line; what is true
// or predicted comes first.
function probability_table(image) {
  const rows = [...image.probabilities].sort((a, b) => (
    (b.is_true || b.is_predicted) - (a.is_true || a.is_predicted)) || b.probability - a.probability);
  const outcome = (row) => (row.is_true ? (row.is_predicted ? ['right', '✓ found'] : ['missed', '○ missed'])
    : row.is_predicted ? ['wrong', '✕ wrong'] : ['', '']);
  const meter = (row) => {
    const bar = h('i');
    bar.style.width = `${100 * row.probability}%`;
    const line = h('b');
    line.style.left = `${100 * row.threshold}%`;
    return h('span', {class: 'meter wide', 'aria-hidden': 'true'}, bar, line);
  };
  return h('table', {class: 'probabilities'},
    h('caption', null, 'Probabilities of the predictions; the upright line is the threshold'),
    h('thead', null, h('tr', null, ['Class', 'Probability', 'Truth', 'Outcome'].map((text) => (
      h('th', {scope: 'col'}, text))))),
    h('tbody', null, rows.map((row) => {
      const [kind, text] = outcome(row);
      return h('tr', null, h('th', {scope: 'row', class: 'text'}, row.class),
        h('td', null, number(row.probability, 3), meter(row)),
        h('td', null, row.is_true ? 'yes' : 'no'), h('td', {class: kind}, text));
    })));
}

function network_missing() {
  return empty('What the network sees is not known.', 'Name a run that has weights, or start with ',
    code('--weights W'), ', a run, a checkpoint or a file of weights.');
}

async function fill_neighbours(box, image, signal) {
  try {
    const {neighbours} = await get(`/api/images/${image.id}/neighbours`, {count: 12}, signal);
    replace(box, image_grid(neighbours));
  } catch (error) {
    if (error.name !== 'AbortError') replace(box, h('p', {class: 'problem'}, error.message));
  }
}

export async function show(page, {argument, signal, info, place}) {
  if (!info.has.data) {
    replace(page, h('h1', null, 'Image'), no_data());
    return;
  }
  const [image, data] = await Promise.all([
    get(`/api/images/${encodeURIComponent(argument)}`, {}, signal), get_once('/api/data')]);
  document.title = `${image.name} · nadir`;
  const neighbours = h('div', null, h('p', {class: 'soft'}, 'Looking …'));
  replace(page, h('h1', {class: 'patch-name'}, image.name), links_of(image, info, data.num_images),
    h('div', {class: 'two'}, composite_pictures(image, data), h('div', null, facts_of(image),
      image.probabilities
        ? scroll_box('Probabilities', probability_table(image))
        : empty('No predictions.', 'Start with ', code('--predictions P.parquet'), ', made by ',
          code('nadir predict'), '.'))),
    h('h2', null, 'Bands'), band_pictures(image),
    h('h2', null, 'What the network sees'),
    info.has.network ? [attention_pictures(image), components_picture(image),
      h('h3', null, 'Augmented views'), view_pictures(image)] : network_missing(),
    h('h2', null, 'Nearest neighbours'),
    info.has.embeddings ? neighbours : empty('No neighbours.', 'Start with ',
      code('--embeddings E.parquet'), ', made by ', code('nadir embed'), '.'));
  place();
  if (info.has.embeddings) await fill_neighbours(neighbours, image, signal);
}
