// The atlas: all embeddings as points in the plane, near where they are alike.
import {get, get_array, post} from './api.js';
import {map_address} from './addresses.js';
import {announce, button, code, empty, h, replace, select_field} from './elements.js';
import {known_atlas, on_event} from './events.js';
import {Colouring} from './colouring.js';
import {count} from './format.js';
import {thumbnail} from './image_card.js';
import {Scatter} from './scatter.js';
import {select} from './selection.js';
import {selection_panel} from './selection_panel.js';

const kNames = {pca: 'PCA', umap: 'UMAP'};
const kRefresh_ms = 2000;  // new places while UMAP runs

class Atlas {
  constructor(atlas, info, query, signal) {
    Object.assign(this, {atlas, info, signal});
    this.method = 'pca';
    this.tip = h('div', {class: 'tip point-tip', hidden: true});
    this.scatter = new Scatter(`Atlas of ${count(atlas.num_points, 'image')}: arrow keys move, plus and `
      + 'minus zoom, 0 shows all', {
      on_point: (i, event) => this.show_tip(i, event),
      on_pick: (i) => this.open(i),
      on_lasso: (list) => this.pick(list, 'lasso in the atlas'),
    }, signal, query.get('draw'));
    this.colouring = new Colouring('/api/atlas/codes', atlas.colourings, () => {
      this.scatter.set_colors(this.colouring.rgba(atlas.num_points));
    });
    this.scatter.accepts = (i) => this.colouring.is_shown(i);
    this.status = h('p', {class: 'soft', role: 'status'});
    this.problem = h('p', {class: 'problem', role: 'alert'});
    this.umap = h('span', {class: 'buttons'});
  }

  controls() {
    const methods = h('span', {class: 'buttons', role: 'group', 'aria-label': 'Projection'});
    this.method_buttons = Object.keys(kNames).map((name) => button(kNames[name],
      () => this.choose(name)));
    replace(methods, this.method_buttons);
    const lasso = button('Lasso', () => {
      this.scatter.is_lasso = !this.scatter.is_lasso;
      lasso.setAttribute('aria-pressed', String(this.scatter.is_lasso));
      this.scatter.element.classList.toggle('lassoing', this.scatter.is_lasso);
      announce(this.scatter.is_lasso ? 'Dragging draws a lasso' : 'Dragging moves the atlas');
    }, {'aria-pressed': 'false'});
    return h('div', {class: 'controls'}, methods, this.umap,
      select_field('Colour by', this.atlas.colourings.map((one) => one.name), 'class',
        (name) => this.attempt(() => this.colouring.choose(name, this.signal))),
      h('span', {class: 'buttons', role: 'group', 'aria-label': 'Tools'}, lasso,
        button('Pick all in view', () => this.pick(this.scatter.in_view(), 'in view in the atlas')),
        button('+', () => this.scatter.zoom(1.4), {'aria-label': 'Nearer'}),
        button('−', () => this.scatter.zoom(1 / 1.4), {'aria-label': 'Farther'}),
        button('Show all', () => this.scatter.show_all())));
  }

  async attempt(action) {
    this.problem.textContent = '';
    try {
      await action();
    } catch (error) {
      if (error.name !== 'AbortError') this.problem.textContent = error.message;
    }
  }

  async load_places(keeps_view) {
    const xy = await get_array('/api/atlas/points', {method: this.method}, Float32Array, this.signal);
    this.scatter.set_places(xy, keeps_view);
    this.status.textContent = `${count(xy.length / 2, 'image')} by ${kNames[this.method]}, drawn with ${
      this.scatter.painter.name}`;
  }

  choose(method) {
    return this.attempt(async () => {
      this.method = method;
      this.draw_methods();
      await this.load_places(false);
    });
  }

  draw_methods() {
    const umap = this.atlas.methods.umap ?? {state: 'none'};
    Object.keys(kNames).forEach((name, i) => {
      const one = this.method_buttons[i];
      one.setAttribute('aria-pressed', String(name === this.method));
      one.disabled = !['ready', 'running'].includes(this.atlas.methods[name]?.state)
        || (umap.state === 'running' && name === 'umap' && !umap.epoch);
    });
    if (umap.state === 'running') {
      const share = umap.num_epochs ? umap.epoch / umap.num_epochs : 0;
      replace(this.umap, h('progress', {max: '1', value: String(share), 'aria-label': 'UMAP'}),
        h('span', {class: 'soft'}, umap.message || `UMAP, epoch ${umap.epoch} of ${umap.num_epochs}`));
    } else if (umap.state === 'ready') {
      replace(this.umap);
    } else {
      replace(this.umap, button('Compute UMAP', () => this.attempt(async () => {
        await post('/api/atlas/umap');
        this.update({state: 'running', epoch: 0, num_epochs: 0, message: 'UMAP begins …'});
      })), umap.state === 'failed' ? h('span', {class: 'problem'}, umap.message) : null);
    }
  }

  update(umap) {
    const before = this.atlas.methods.umap?.state;
    this.atlas.methods.umap = umap;
    this.draw_methods();
    if (umap.state === 'ready' && before !== 'ready') {
      announce('UMAP is ready');
      this.choose('umap');
    } else if (umap.state === 'running' && this.method === 'umap'
        && performance.now() - (this.refreshed_ms ?? 0) > kRefresh_ms) {
      this.refreshed_ms = performance.now();
      this.attempt(() => this.load_places(true));
    }
  }

  show_tip(i, event) {
    const {element} = this.scatter;
    element.classList.toggle('pointing', i >= 0);
    this.tip.hidden = i < 0;
    if (i < 0) return;
    if (this.tip.dataset.point !== String(i)) {
      this.tip.dataset.point = i;
      const id = this.ids?.[i] ?? -1;
      replace(this.tip, this.info.has.data && id >= 0 ? thumbnail(id, `image ${id}`) : null,
        h('div', null, this.colouring.text_of(i)));
    }
    const bounds = element.getBoundingClientRect();
    const x = event.clientX - bounds.left;
    this.tip.style.left = `${x > bounds.width - 170 ? x - 160 : x + 14}px`;
    this.tip.style.top = `${Math.min(event.clientY - bounds.top + 10, bounds.height - 150)}px`;
  }

  open(i) {
    const id = this.ids?.[i] ?? -1;
    if (id >= 0 && this.info.has.data) location.hash = `#/image/${id}`;
  }

  pick(points, from) {
    const ids = points.map((i) => this.ids[i]).filter((id) => id >= 0);
    select(ids, ids.length < points.length
      ? `${from}; ${count(points.length - ids.length, 'point')} of it are not in the data` : from);
  }
}

export async function show(page, {query, signal, info, place}) {
  replace(page, h('h1', null, 'Atlas'));
  if (!info.has.embeddings) {
    page.append(empty('No embeddings.', 'Start with ', code('--data D --embeddings E.parquet'), ', made by ',
      code('nadir embed --weights RUN --data D'), '.'));
    return;
  }
  const answer = await get('/api/atlas', {}, signal);
  const atlas = new Atlas(answer, info, query, signal);
  const plot = h('div', {class: 'plane'}, atlas.scatter.element, atlas.tip);
  page.append(h('p', {class: 'soft'}, 'Each point is an image; images that the network finds alike lie '
    + 'together. Scroll or pinch to zoom, drag to move, click to open.'),
  atlas.controls(), atlas.problem,
  h('div', {class: 'with-legend'}, plot, atlas.colouring.legend), atlas.status,
  selection_panel(info.has.footprints ? [map_address({list: 'picked'}), 'Show on the map'] : null,
    info.has.data, signal));
  atlas.draw_methods();
  on_event('atlas', (event) => atlas.update(event), signal);
  const known = known_atlas();
  if (known && known.state !== answer.methods.umap?.state) atlas.update(known);
  place();
  await atlas.attempt(async () => {
    const [, ids] = await Promise.all([atlas.load_places(false),
      get_array('/api/atlas/ids', {}, Int32Array, signal), atlas.colouring.choose('class', signal)]);
    atlas.ids = ids;
  });
}
