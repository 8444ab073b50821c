// Search by likeness: images added and taken off, classes added and taken off.
import {either, get, get_once} from './api.js';
import {keep_address, search_address} from './addresses.js';
import {announce, button, code, empty, h, replace, select_field} from './elements.js';
import {count, number} from './format.js';
import {image_grid, thumbnail} from './image_card.js';
import {window_form} from './window_search.js';

const kCount = 24;
const kKinds = {
  like: 'like image', unlike: 'not like image', class: 'like class', not_class: 'not like class',
};

class Search {
  constructor(query, names, signal) {
    this.terms = Object.fromEntries(Object.keys(kKinds).map((kind) => [kind, query.getAll(kind)]));
    this.signal = signal;
    this.names = names;
    this.chips = h('ul', {class: 'chips', 'aria-label': 'What is searched for'});
    this.status = h('p', {class: 'soft', role: 'status'});
    this.results = h('div');
  }

  add(kind, value) {
    const opposite = {like: 'unlike', unlike: 'like', class: 'not_class', not_class: 'class'}[kind];
    this.terms[opposite] = this.terms[opposite].filter((one) => one !== value);
    if (!this.terms[kind].includes(value)) this.terms[kind].push(value);
    this.changed();
  }

  take_off(kind, value) {
    this.terms[kind] = this.terms[kind].filter((one) => one !== value);
    this.changed();
  }

  changed() {
    keep_address(search_address(this.terms));
    this.run();
  }

  draw_chips() {
    const is_image = (kind) => kind === 'like' || kind === 'unlike';
    replace(this.chips, Object.entries(this.terms).flatMap(([kind, values]) => values.map((value) => (
      h('li', {class: kind.includes('un') || kind.includes('not') ? 'minus' : 'plus'},
        is_image(kind) ? thumbnail(value, `image ${value}`) : null,
        h('span', null, `${kKinds[kind]} ${value}`),
        button('×', () => this.take_off(kind, value),
          {'aria-label': `Take off: ${kKinds[kind]} ${value}`}))))));
  }

  async run() {
    this.draw_chips();
    this.request?.abort();
    this.request = new AbortController();
    if (!this.terms.like.length && !this.terms.class.length) {
      this.status.textContent = '';
      replace(this.results, empty('Nothing to search for yet.',
        'Add a class above, or open an image and take "Search for more like this".'));
      return;
    }
    await this.show_answer(get('/api/search', {...this.terms, count: kCount},
      either(this.signal, this.request.signal)), (answer) => (
      `${count(answer.results.length, 'image')} in ${number(answer.took_ms, 3)} ms`));
  }

  // What is like a window of a file; what is named above stays, and is not asked.
  async run_window(asked, file_name) {
    this.request?.abort();
    this.status.textContent = 'Looking through the network …';
    await this.show_answer(asked, (answer) => (
      `${count(answer.results.length, 'image')} like ${file_name}`));
  }

  async show_answer(asked, say) {
    try {
      const answer = await asked;
      this.status.textContent = say(answer);
      announce(this.status.textContent);
      replace(this.results, image_grid(answer.results, (image) => h('div', {class: 'buttons'},
        button('more', () => this.add('like', String(image.id)),
          {'aria-label': `More like ${image.name}`}),
        button('less', () => this.add('unlike', String(image.id)),
          {'aria-label': `Less like ${image.name}`}))));
    } catch (error) {
      if (error.name !== 'AbortError') {
        this.status.textContent = '';
        replace(this.results, h('p', {class: 'problem', role: 'alert'}, error.message));
      }
    }
  }

  controls() {
    const options = [['', 'choose …'], ...this.names.map((name) => [name, name])];
    const pick = (label, kind) => {
      const field = select_field(label, options, '', (name) => {
        if (name) this.add(kind, name);
        field.querySelector('select').value = '';
      });
      return field;
    };
    const number_field = h('input', {type: 'number', min: '0', step: '1', size: '8'});
    return h('form', {class: 'controls', onsubmit: (event) => {
      event.preventDefault();
      if (number_field.value !== '') this.add('like', number_field.value);
      number_field.value = '';
    }}, this.names.length ? [pick('Like class', 'class'), pick('Not like class', 'not_class')] : null,
    h('label', {class: 'field'}, h('span', null, 'Like image number'), number_field),
    h('button', {type: 'submit'}, 'Add'),
    button('Start anew', () => {
      for (const kind of Object.keys(kKinds)) this.terms[kind] = [];
      this.changed();
    }));
  }
}

export async function show(page, {query, signal, info, place}) {
  replace(page, h('h1', null, 'Search'));
  if (!info.has.embeddings) {
    page.append(empty('No embeddings to search in.', 'Start with ', code('--data D --embeddings E.parquet'),
      ', made by ', code('nadir embed --weights RUN --data D'), '.'));
    return;
  }
  const names = info.has.data ? (await get_once('/api/data')).class_names : [];
  const search = new Search(query, names, signal);
  page.append(h('p', {class: 'soft'}, 'Images whose embeddings are nearest to the mean of what is asked '
    + 'for, less those that are more like what is taken off.'),
  search.controls(), window_form(kCount, (asked, name) => search.run_window(asked, name)), search.chips, search.status, search.results);
  place();
  await search.run();
}
