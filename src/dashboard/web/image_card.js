// A patch in a grid: thumbnail, name, what it is, what was predicted.
import {h} from './elements.js';
import {number, percent} from './format.js';

export function thumbnail(id, name) {
  return h('img', {src: `/api/images/${id}/thumbnail.png`, loading: 'lazy', decoding: 'async',
    width: '120', height: '120', alt: `Picture of ${name}`});
}

// Labels with a mark each: right, missed, wrong. The mark and the words tell,
// not the colour alone.
export function label_list(image) {
  const truth = new Set(image.labels);
  const predicted = image.predicted ? new Set(image.predicted) : null;
  const entry = (name) => {
    if (!predicted) return h('li', null, name);
    const [kind, mark] = truth.has(name)
      ? (predicted.has(name) ? ['right', '✓'] : ['missed', '○ missed:'])
      : ['wrong', '✕ wrong:'];
    return h('li', {class: kind}, `${mark} ${name}`);
  };
  const names = [...new Set([...image.labels, ...(image.predicted ?? [])])];
  if (!names.length) return null;
  return h('ul', {class: 'labels'}, names.map(entry));
}

// `extra`: elements below, e.g. buttons.
export function image_card(image, ...extra) {
  const figures = [];
  if (image.similarity !== undefined) figures.push(`similarity ${number(image.similarity, 3)}`);
  if (image.error !== null && image.error !== undefined) figures.push(`error ${percent(image.error)}`);
  return h('article', {class: 'card patch', 'aria-label': image.name},
    h('a', {href: `#/image/${image.id}`}, thumbnail(image.id, image.name),
      h('span', {class: 'name'}, image.name)),
    figures.length ? h('p', {class: 'soft'}, figures.join(', ')) : null,
    label_list(image), extra);
}

export function image_grid(images, extra_of = () => []) {
  return h('div', {class: 'patches'}, images.map((image) => image_card(image, extra_of(image))));
}
