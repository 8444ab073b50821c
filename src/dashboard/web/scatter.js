// A plane of many points to move about in: pan, zoom, point at, lasso.
import {h, svg} from './elements.js';
import {CanvasPoints} from './points_canvas.js';
import {GlPoints} from './points_gl.js';
import {PointIndex} from './point_index.js';

const kReach_px = 10;   // how far a point may be from the mouse
const kMostZoom = 5000;

// `on_point(i or -1, event)`, `on_pick(i)`, `on_lasso([i, …])`. `painter`: 'webgl'
// or 'canvas' whatever the machine is good at, else what it is good at.
export class Scatter {
  constructor(label, {on_point, on_pick, on_lasso}, signal, painter = '') {
    Object.assign(this, {on_point, on_pick, on_lasso});
    this.canvas = h('canvas', {'aria-hidden': 'true'});
    this.lasso_path = svg('path', {class: 'lasso'});
    this.element = h('div', {class: 'scatter', tabindex: '0', role: 'group',
      'aria-roledescription': 'scatter plot', 'aria-label': label}, this.canvas,
    svg('svg', {class: 'lasso-layer', 'aria-hidden': 'true'}, this.lasso_path));
    try {
      if (painter === 'canvas') throw new Error('asked for the canvas');
      this.painter = new GlPoints(this.canvas, painter === 'webgl');
    } catch {
      this.canvas = h('canvas', {'aria-hidden': 'true'});
      this.element.firstChild.replaceWith(this.canvas);
      this.painter = new CanvasPoints(this.canvas);
    }
    this.view = {x: 0, y: 0, px_per_unit: 1};
    this.is_lasso = false;
    this.accepts = () => true;
    this.frame_asked = false;
    const sizes = new ResizeObserver(() => this.resize());
    sizes.observe(this.element);
    signal.addEventListener('abort', () => {
      sizes.disconnect();
      this.painter.free();
    });
    this.listen();
  }

  // Shows other points; the view stays where it was if `keeps_view`.
  set_places(xy, keeps_view) {
    this.index = new PointIndex(xy);
    this.painter.set_places(xy);
    if (!keeps_view) this.show_all();
    this.ask_frame();
  }

  set_colors(rgba) {
    this.painter.set_colors(rgba);
    this.ask_frame();
  }

  resize() {
    const {clientWidth, clientHeight} = this.element;
    const ratio = window.devicePixelRatio || 1;
    const is_first = !this.width;
    this.ratio = ratio;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    if (is_first && this.index) this.show_all();
    this.ask_frame();
  }

  show_all() {
    if (!this.width || !this.index) return;
    const [west, south, east, north] = this.index.bounds;
    this.view.x = (west + east) / 2;
    this.view.y = (south + north) / 2;
    this.view.px_per_unit = 0.92 * Math.min(this.width / (east - west || 1),
      this.height / (north - south || 1));
    this.least = this.view.px_per_unit / 4;
    this.ask_frame();
  }

  ask_frame() {
    if (this.frame_asked) return;
    this.frame_asked = true;
    requestAnimationFrame(() => {
      this.frame_asked = false;
      if (!this.width || !this.index) return;
      // Fewer points in sight are drawn larger.
      const zoom = this.view.px_per_unit / (4 * this.least);
      const n = this.index.order.length;
      const base = n > 100000 ? 1.6 : n > 10000 ? 2.5 : 4;
      const size = Math.min(9, base * Math.max(1, zoom) ** 0.35);
      this.painter.draw({...this.view, px_per_unit: this.view.px_per_unit * this.ratio},
        size * this.ratio, n > 100000 && zoom < 4 ? 0.75 : 1);
    });
  }

  to_plane(event) {
    const bounds = this.element.getBoundingClientRect();
    return this.plane_of(event.clientX - bounds.left, event.clientY - bounds.top);
  }

  plane_of(x_px, y_px) {
    const {view} = this;
    return [view.x + (x_px - this.width / 2) / view.px_per_unit,
      view.y - (y_px - this.height / 2) / view.px_per_unit];
  }

  zoom(factor, [x, y] = [this.view.x, this.view.y]) {
    const {view} = this;
    const next = Math.min(this.least * kMostZoom, Math.max(this.least, view.px_per_unit * factor));
    const ratio = view.px_per_unit / next;
    view.x = x + (view.x - x) * ratio;
    view.y = y + (view.y - y) * ratio;
    view.px_per_unit = next;
    this.ask_frame();
  }

  pan(dx_px, dy_px) {
    this.view.x -= dx_px / this.view.px_per_unit;
    this.view.y += dy_px / this.view.px_per_unit;
    this.ask_frame();
  }

  point_at(event) {
    if (!this.index) return -1;
    const reach = kReach_px / this.view.px_per_unit;
    return this.index.nearest(...this.to_plane(event), reach, reach, this.accepts);
  }

  // Points that are in sight and shown.
  in_view() {
    const found = [];
    this.index?.within(...this.plane_of(0, this.height), ...this.plane_of(this.width, 0), (i) => {
      if (this.accepts(i)) found.push(i);
    });
    return found;
  }

  listen() {
    const {element} = this;
    const fingers = new Map();
    let moved_px = 0;
    let lasso = null;
    element.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015), this.to_plane(event));
    }, {passive: false});
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, event);
      moved_px = 0;
      lasso = this.is_lasso && fingers.size === 1 ? [event] : null;
    });
    element.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) {
        this.on_point(this.point_at(event), event);
        return;
      }
      fingers.set(event.pointerId, event);
      moved_px += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
      if (lasso) {
        lasso.push(event);
        this.draw_lasso(lasso);
      } else if (fingers.size === 2) {
        this.pinch([...fingers.values()], event, before);
      } else {
        this.pan(event.clientX - before.clientX, event.clientY - before.clientY);
      }
    });
    element.addEventListener('pointerup', (event) => {
      fingers.delete(event.pointerId);
      if (lasso && moved_px > 12) {
        this.on_lasso(this.index.inside(thin(lasso).map((one) => this.to_plane(one)))
          .filter((i) => this.accepts(i)));
      } else if (moved_px <= 4) {
        const i = this.point_at(event);
        if (i >= 0) this.on_pick(i);
      }
      lasso = null;
      this.lasso_path.setAttribute('d', '');
    });
    element.addEventListener('pointercancel', (event) => {
      fingers.delete(event.pointerId);
      lasso = null;
      this.lasso_path.setAttribute('d', '');
    });
    element.addEventListener('pointerleave', (event) => this.on_point(-1, event));
    element.addEventListener('keydown', (event) => this.key(event));
  }

  pinch(both, event, before) {
    const other = both.find((one) => one.pointerId !== event.pointerId);
    const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.zoom(distance(event) / Math.max(1, distance(before)), this.to_plane(other));
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const arrows = {ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60]};
    if (arrows[event.key]) this.pan(...arrows[event.key]);
    else if (event.key === '+' || event.key === '=') this.zoom(1.4);
    else if (event.key === '-') this.zoom(1 / 1.4);
    else if (event.key === '0') this.show_all();
    else return;
    event.preventDefault();
  }

  draw_lasso(events) {
    const bounds = this.element.getBoundingClientRect();
    this.lasso_path.setAttribute('d', `M${events.map((event) => `${
      event.clientX - bounds.left} ${event.clientY - bounds.top}`).join('L')}Z`);
  }
}

// A slow hand leaves thousands of places: two hundred draw the same line.
function thin(events) {
  const stride = Math.ceil(events.length / 200);
  return events.filter((_, i) => i % stride === 0);
}
