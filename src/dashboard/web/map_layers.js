// Layers of the map that are canvases of our own: the points of all images,
// and the lines of longitude and latitude.
import {splat} from './points_canvas.js';
import {style_color} from './leaflet.js';

// Web Mercator (EPSG:3857) with the world from 0 to 1, y downwards.
export function to_mercator(lon_lat) {
  const out = new Float32Array(lon_lat.length);
  for (let i = 0; i < lon_lat.length; i += 2) {
    out[i] = (lon_lat[i] + 180) / 360;
    const phi = lon_lat[i + 1] * Math.PI / 180;
    out[i + 1] = 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI);
  }
  return out;
}

export function world_px(zoom) {
  return 256 * 2 ** zoom;
}

// A canvas over the whole map that `paint(map, canvas, ratio)` fills anew
// whenever the map moves.
export function make_canvas_layer(L, paint, pane) {
  const Layer = L.Layer.extend({
    onAdd(map) {
      this._canvas = L.DomUtil.create('canvas', 'leaflet-zoom-hide map-canvas', map.getPane(pane));
      this._canvas.setAttribute('aria-hidden', 'true');
      map.on('move moveend zoomend resize viewreset', this.redraw, this);
      this.redraw();
    },
    onRemove(map) {
      map.off('move moveend zoomend resize viewreset', this.redraw, this);
      cancelAnimationFrame(this._frame);
      this._canvas.remove();
      this._canvas = null;
    },
    redraw() {
      if (this._frame) return;
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        if (this._canvas && this._map) this._paint();
      });
    },
    _paint() {
      const size = this._map.getSize();
      const ratio = window.devicePixelRatio || 1;
      this._canvas.width = Math.round(size.x * ratio);
      this._canvas.height = Math.round(size.y * ratio);
      this._canvas.style.width = `${size.x}px`;
      this._canvas.style.height = `${size.y}px`;
      L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([0, 0]));
      paint(this._map, this._canvas, ratio);
    },
  });
  return new Layer();
}

// `state()` gives {places (Mercator), rgba, top (indices drawn last)}.
export function make_points_layer(L, state) {
  return make_canvas_layer(L, (map, canvas, ratio) => {
    const {places, rgba, top} = state();
    if (!places || !rgba) return;
    const zoom = map.getZoom();
    const scale = world_px(zoom) * ratio;
    const origin = map.getPixelBounds().min;
    const n = places.length / 2;
    const least = n > 100000 ? 2 : n > 10000 ? 3 : n > 1000 ? 4 : 6;
    const size = least + Math.max(0, zoom - 5) * 0.8;
    splat(canvas.getContext('2d'), places, rgba, {scale_x: scale, scale_y: scale,
      shift_x: -origin.x * ratio, shift_y: -origin.y * ratio}, Math.min(9, size) * ratio, top);
  }, 'overlayPane');
}

const kSpacings = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

function degrees(value, positive, negative) {
  const size = Number(Math.abs(value).toFixed(2));
  return size === 0 ? '0°' : `${size}° ${value < 0 ? negative : positive}`;
}

// Lines about a hundred pixels apart, with their degrees at the edges.
export function make_graticule(L) {
  return make_canvas_layer(L, (map, canvas, ratio) => {
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    const size = map.getSize();
    const bounds = map.getBounds();
    const per_degree = world_px(map.getZoom()) / 360;
    const spacing = kSpacings.filter((one) => one * per_degree >= 90).pop() ?? 30;
    context.strokeStyle = style_color('--line');
    context.fillStyle = style_color('--soft');
    context.font = '11px system-ui, sans-serif';
    context.lineWidth = 1;
    const line = (x0, y0, x1, y1) => {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    };
    const first = (low) => Math.ceil(low / spacing);
    for (let i = first(bounds.getWest()); i * spacing <= bounds.getEast(); ++i) {
      const x = Math.round(map.latLngToContainerPoint([0, i * spacing]).x) + 0.5;
      line(x, 0, x, size.y);
      context.fillText(degrees(i * spacing, 'E', 'W'), x + 3, size.y - 4);
    }
    const north = Math.min(85, bounds.getNorth());
    for (let i = first(Math.max(-85, bounds.getSouth())); i * spacing <= north; ++i) {
      const y = Math.round(map.latLngToContainerPoint([i * spacing, 0]).y) + 0.5;
      line(0, y, size.x, y);
      context.fillText(degrees(i * spacing, 'N', 'S'), size.x - 52, y - 3);
    }
  }, 'tilePane');
}
