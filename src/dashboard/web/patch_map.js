// The map itself: outlines, graticule, a point an image, footprints when near;
// a click shows the image. The page around it is map.js.
import {get, get_once} from './api.js';
import {h, replace} from './elements.js';
import {count} from './format.js';
import {image_card, thumbnail} from './image_card.js';
import {style_color} from './leaflet.js';
import {make_graticule, make_points_layer, to_mercator, world_px} from './map_layers.js';
import {css} from './palette.js';
import {PointIndex} from './point_index.js';
import {on_selection, selected} from './selection.js';

const kReach_px = 10;
const kFootprintZoom = 10;   // a patch of 1.2 km is ten pixels wide
const kMostFootprints = 2000;
const kMostListed = 12;

export class PatchMap {
  constructor(L, box, info, signal) {
    Object.assign(this, {L, info, signal});
    this.map = L.map(box, {preferCanvas: true, worldCopyJump: false, minZoom: 1, maxZoom: 16,
      zoomSnap: 0.5, attributionControl: Boolean(info.tile_url)});
    this.map.setView([50, 10], 4);
    L.control.scale({imperial: false}).addTo(this.map);
    if (info.tile_url) L.tileLayer(info.tile_url).addTo(this.map);
    this.near = h('div', {class: 'thumbnails'});
    this.status = h('p', {class: 'soft', role: 'status'});
    this.points_layer = make_points_layer(L, () => ({places: this.footprints_shown ? null : this.places,
      rgba: this.rgba, top: this.top}));
    this.footprints = L.layerGroup().addTo(this.map);
    this.map.on('moveend', () => this.moved());
    this.map.on('click', (event) => this.click(event));
    signal.addEventListener('abort', () => this.map.remove());
    on_selection(() => this.recolour(), signal);
  }

  async add_outlines() {
    make_graticule(this.L).addTo(this.map);
    const outlines = await get_once('/lib/outlines.json');
    if (this.signal.aborted) return;
    const layer = this.L.geoJSON(outlines, {interactive: false, style: () => (
      {color: style_color('--edge'), weight: 1, fill: false})}).addTo(this.map);
    const repaint = () => {
      layer.setStyle({color: style_color('--edge')});
      this.map.fire('viewreset');
    };
    window.addEventListener('themechange', repaint, {signal: this.signal});
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint,
      {signal: this.signal});
  }

  set_points(lon_lat) {
    this.lon_lat = lon_lat;
    this.places = to_mercator(lon_lat);
    this.index = new PointIndex(this.places);
    this.points_layer.addTo(this.map);
  }

  // The rectangle of Mercator that the map shows.
  view_bounds() {
    const {min, max} = this.map.getPixelBounds();
    const scale = world_px(this.map.getZoom());
    return [min.x / scale, min.y / scale, max.x / scale, max.y / scale];
  }

  recolour() {
    if (!this.places) return;
    const rgba = this.colouring.rgba(this.places.length / 2);
    const {ids} = selected();
    this.top = ids.length ? ids.filter((id) => this.colouring.is_shown(id)) : null;
    if (this.top) {
      const is_picked = new Uint8Array(this.places.length / 2);
      for (const id of ids) is_picked[id] = 1;
      // The others fade, so that the picked ones are told apart.
      for (let i = 0; i < is_picked.length; ++i) {
        if (!is_picked[i] && rgba[4 * i + 3]) rgba[4 * i + 3] = 40;
      }
    }
    this.rgba = rgba;
    this.points_layer.redraw();
    this.draw_footprints();
  }

  // Shows all of `ids`, or everything for null.
  fit(ids) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    const take = (i) => {
      const lon = this.lon_lat[2 * i];
      const lat = this.lon_lat[2 * i + 1];
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    };
    if (ids) ids.forEach(take);
    else for (let i = 0; i < this.lon_lat.length / 2; ++i) take(i);
    if (!(west <= east)) return;
    this.map.fitBounds([[south, west], [north, east]], {padding: [20, 20], maxZoom: 13,
      animate: false});
  }

  async moved() {
    this.list_near();
    await this.load_footprints();
  }

  // What a mouse finds by pointing, keys find in this list.
  list_near() {
    if (!this.index) return;
    const [west, south, east, north] = this.view_bounds();
    const found = [];
    this.index.within(west, south, east, north, (i) => {
      if (this.colouring.is_shown(i)) found.push(i);
    });
    this.in_view = found;
    const nearest = this.nearest_of(found, (west + east) / 2, (south + north) / 2);
    this.status.textContent = `${count(found.length, 'image')} in view, coloured by ${
      this.colouring.chosen?.name ?? ''}`;
    replace(this.near, nearest.map((id) => h('a', {href: `#/image/${id}`,
      'aria-label': `Image ${id}, ${this.colouring.text_of(id)}`}, thumbnail(id, `image ${id}`))));
  }

  // The kMostListed of `ids` nearest to a place: no sort of half a million.
  nearest_of(ids, x, y) {
    const best = [];  // [squared distance, id], ascending
    for (const id of ids) {
      const distance = (this.places[2 * id] - x) ** 2 + (this.places[2 * id + 1] - y) ** 2;
      if (best.length === kMostListed && distance >= best[kMostListed - 1][0]) continue;
      const at = best.findIndex((one) => one[0] > distance);
      best.splice(at < 0 ? best.length : at, 0, [distance, id]);
      best.length = Math.min(best.length, kMostListed);
    }
    return best.map((one) => one[1]);
  }

  async load_footprints() {
    const was_shown = this.footprints_shown;
    this.footprints_shown = false;
    if (this.map.getZoom() >= kFootprintZoom) {
      const bounds = this.map.getBounds();
      try {
        const answer = await get('/api/map/footprints', {west: bounds.getWest(),
          south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth(),
          limit: kMostFootprints}, this.signal);
        this.patches = answer.images;
        this.footprints_shown = answer.total <= kMostFootprints && answer.images.length > 0;
      } catch (error) {
        if (error.name === 'AbortError') return;  // points will do
      }
    }
    if (was_shown || this.footprints_shown) {
      this.draw_footprints();
      this.points_layer.redraw();
    }
  }

  draw_footprints() {
    this.footprints.clearLayers();
    if (!this.footprints_shown) return;
    const {rgba} = this;
    for (const patch of this.patches) {
      if (!rgba[4 * patch.id + 3]) continue;
      const color = css(rgba.subarray(4 * patch.id, 4 * patch.id + 3));
      const is_faded = rgba[4 * patch.id + 3] < 255;
      this.L.polygon(patch.ring.map(([lon, lat]) => [lat, lon]), {color, weight: is_faded ? 1 : 2,
        fillOpacity: is_faded ? 0.05 : 0.35, opacity: is_faded ? 0.4 : 1})
        .on('click', (event) => {
          this.L.DomEvent.stopPropagation(event);
          this.show_image(patch.id, event.latlng);
        }).addTo(this.footprints);
    }
  }

  click(event) {
    if (!this.index || this.footprints_shown) return;
    const point = this.map.project(event.latlng);
    const scale = world_px(this.map.getZoom());
    const reach = kReach_px / scale;
    const id = this.index.nearest(point.x / scale, point.y / scale, reach, reach,
      (i) => this.colouring.is_shown(i));
    if (id >= 0) this.show_image(id);
  }

  async show_image(id, at) {
    const place = at ?? [this.lon_lat[2 * id + 1], this.lon_lat[2 * id]];
    const content = h('div', null, h('p', null, 'Loading …'));
    const popup = this.L.popup({maxWidth: 210, minWidth: 190}).setLatLng(place).setContent(content)
      .openOn(this.map);
    try {
      replace(content, image_card(await get(`/api/images/${id}`, {}, this.signal)));
    } catch (error) {
      replace(content, h('p', {class: 'problem'}, error.message));
    }
    popup.update();  // larger now: the map moves so that it has room
  }
}
