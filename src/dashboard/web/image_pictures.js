// The pictures of one patch: composites, bands, attention, components, views.
// A picture that the server cannot make says why in its place.
import {button, h, replace} from './elements.js';
import {number} from './format.js';

// An <img> with a caption. Pictures from the network take a while: until they
// are there the caption says so.
function picture(src, alt, caption, attributes) {
  const note = h('span', {class: 'soft'}, ' …');
  const image = h('img', {src, alt, loading: 'lazy', decoding: 'async', ...attributes});
  image.addEventListener('load', () => note.remove());
  image.addEventListener('error', async () => {
    image.hidden = true;
    note.className = 'problem';
    note.textContent = ' This picture could not be made.';
    try {
      const answer = await (await fetch(src)).json();
      if (answer.error) note.textContent = ` ${answer.error}`;
    } catch {
      // No sentence from the server.
    }
  });
  return h('figure', {class: 'picture'}, image, h('figcaption', null, caption, note));
}

const base = (image) => `/api/images/${image.id}`;

// A large picture, and a button for each composite.
export function composite_pictures(image, data) {
  const box = h('div', {class: 'large'});
  const buttons = data.composites.map((name, i) => button(name, () => choose(i)));
  function choose(index) {
    buttons.forEach((one, i) => one.setAttribute('aria-pressed', String(i === index)));
    replace(box, picture(`${base(image)}/composite/${index}.png`,
      `${image.name} in ${data.composites[index]}`, data.composites[index], {class: 'pixels'}));
  }
  choose(0);
  return h('section', {'aria-label': 'Composites'}, box, h('div', {class: 'buttons'}, buttons));
}

export function band_pictures(image) {
  return h('div', {class: 'pictures'}, image.bands.map((band) => picture(
    `${base(image)}/band/${encodeURIComponent(band.name)}.png`, `Band ${band.name} of ${image.name}`,
    [h('strong', null, band.name), ` ${band.height} × ${band.width}, ${number(band.min)} to ${
      number(band.max)}, mean ${number(band.mean)}`], {class: 'pixels'})));
}

export function attention_pictures(image) {
  const heads = Array.from({length: image.num_heads ?? 0}, (_, i) => i);
  return [h('h3', null, 'Attention of the class token, head by head'),
    h('div', {class: 'pictures'}, heads.map((head) => picture(
      `${base(image)}/attention/${head}.png`, `Attention of head ${head + 1} on ${image.name}`,
      `head ${head + 1}`, {class: 'pixels'})))];
}

export function components_picture(image) {
  return [h('h3', null, 'Principal components of the patch tokens'),
    h('div', {class: 'pictures'}, picture(`${base(image)}/components.png`,
      `First three principal components of the tokens of ${image.name} as red, green and blue`,
      'first three components as colours', {class: 'pixels'}))];
}

// The views of an epoch; they are made with the run's own settings.
export function view_pictures(image) {
  let epoch = 0;
  const box = h('div');
  const text = h('span', {role: 'status'}, 'epoch 0');
  function show(next) {
    epoch = Math.max(0, next);
    text.textContent = `epoch ${epoch}`;
    back.disabled = epoch === 0;
    replace(box, picture(`${base(image)}/views.png?epoch=${epoch}`,
      `Augmented views of ${image.name} in epoch ${epoch}`, `views of epoch ${epoch}`));
  }
  const back = button('← Epoch before', () => show(epoch - 1));
  const section = h('section', {'aria-label': 'Augmented views', class: 'views'},
    h('div', {class: 'buttons'}, back, text, button('Epoch after →', () => show(epoch + 1))), box);
  show(0);
  return section;
}
