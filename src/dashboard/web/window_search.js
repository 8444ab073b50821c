// Search by a window of a GeoTIFF that the user has: the file is sent, embedded
// as the embeddings were, and what is like it shown.
import {h} from './elements.js';
import {path_of, post_file} from './api.js';

const kKeys = {3: ['lon', 'lat', 'side'], 4: ['row', 'col', 'height', 'width']};

// "0,0,120,120" -> {row: 0, ...}; "10.5,48.1,120" -> {lon: 10.5, ...}; "" -> {}.
export function window_of(text) {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (!words.length) return {};
  const numbers = words.map(Number);
  const keys = kKeys[words.length];
  if (!keys || numbers.some((value) => !Number.isFinite(value))) {
    throw new Error('A part of a file is ROW,COL,HEIGHT,WIDTH in pixels, or LON,LAT,SIDE.');
  }
  return Object.fromEntries(keys.map((key, i) => [key, numbers[i]]));
}

// A form; `on_answer(promise, name)` gets what the server will say.
export function window_form(how_many, on_answer) {
  const file = h('input', {type: 'file', accept: '.tif,.tiff,image/tiff'});
  const part = h('input', {type: 'text', placeholder: 'all of it', size: '22'});
  const ask = async () => {
    const chosen = file.files[0];
    if (!chosen) throw new Error('Choose a GeoTIFF first.');
    const path = path_of('/api/search/window', {count: how_many, ...window_of(part.value)});
    return post_file(path, chosen);
  };
  return h('form', {class: 'controls', 'aria-label': 'Search by a GeoTIFF', onsubmit: (event) => {
    event.preventDefault();
    on_answer(ask(), file.files[0]?.name ?? '');
  }},
  h('label', {class: 'field'}, h('span', null, 'Like a GeoTIFF of yours'), file),
  h('label', {class: 'field'},
    h('span', null, 'ROW,COL,HEIGHT,WIDTH or LON,LAT,SIDE'), part),
  h('button', {type: 'submit'}, 'Search'));
}
