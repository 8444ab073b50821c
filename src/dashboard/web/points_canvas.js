// Draws points into the pixels of a canvas: on the map, and in the atlas where
// WebGL is missing or done in software. No call of the canvas a point: 600,000
// cost some tens of milliseconds.

// Squares of `size` pixels of the colours `words` at (x, y) = (places * scale +
// shift), into `pixels` of `width` by `height`. Indices from `list`, or all.
function put_squares(pixels, width, height, places, words, view, size, list) {
  const {scale_x, scale_y, shift_x, shift_y} = view;
  const half = size >> 1;
  const right = width - size;
  const bottom = height - size;
  const n = list ? list.length : words.length;
  for (let k = 0; k < n; ++k) {
    const i = list ? list[k] : k;
    const word = words[i];
    const left = Math.round(places[2 * i] * scale_x + shift_x) - half;
    const top = Math.round(places[2 * i + 1] * scale_y + shift_y) - half;
    // Not a number fails these comparisons; alpha 0 means not shown.
    if (!(left >= 0 && left <= right && top >= 0 && top <= bottom) || word >>> 24 === 0) continue;
    let at = top * width + left;
    for (let row = 0; row < size; ++row, at += width) {
      for (let column = 0; column < size; ++column) pixels[at + column] = word;
    }
  }
}

// Points of `places` (x0 y0 x1 y1 …) in `rgba`. Later ones lie on top, and those
// of `top` (indices) above all, larger. Little-endian machines, as all are.
export function splat(context, places, rgba, view, size_px, top = null) {
  const {width, height} = context.canvas;
  if (!width || !height) return;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const words = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
  const size = Math.max(1, Math.round(size_px));
  put_squares(pixels, width, height, places, words, view, size, null);
  if (top) put_squares(pixels, width, height, places, words, view, size + 2, top);
  context.putImageData(image, 0, 0);
}

export class CanvasPoints {
  constructor(canvas) {
    this.context = canvas.getContext('2d');
    this.name = 'canvas';
    this.places = new Float32Array(0);
    this.rgba = new Uint8Array(0);
  }

  set_places(xy) {
    this.places = xy;
  }

  set_colors(rgba) {
    this.rgba = rgba;
  }

  draw(view, size_px) {
    const {width, height} = this.context.canvas;
    splat(this.context, this.places, this.rgba, {
      scale_x: view.px_per_unit, scale_y: -view.px_per_unit,
      shift_x: width / 2 - view.x * view.px_per_unit,
      shift_y: height / 2 + view.y * view.px_per_unit}, size_px);
  }

  free() {}
}
