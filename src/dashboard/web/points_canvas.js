// Draws points into the pixels of a canvas, where WebGL is missing and on the
// map: no call a point, some tens of milliseconds for 600,000.

// Squares of `size_px` at (x, y) = (places * scale + shift), in pixels, of the
// colours `rgba`; those with alpha 0 are left out. Later points lie on top, and
// those of `top` (indices) above all, larger.
export function splat(context, places, rgba, {scale_x, scale_y, shift_x, shift_y}, size_px,
    top = null) {
  const {width, height} = context.canvas;
  if (!width || !height) return;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const words = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
  let size = Math.max(1, Math.round(size_px));
  let half = Math.floor(size / 2);
  const put = (i) => {
    if (rgba[4 * i + 3] === 0) return;
    const left = Math.round(places[2 * i] * scale_x + shift_x) - half;
    const upper = Math.round(places[2 * i + 1] * scale_y + shift_y) - half;
    // Not a number fails these comparisons.
    if (!(left >= 0 && left + size <= width && upper >= 0 && upper + size <= height)) return;
    for (let row = upper; row < upper + size; ++row) {
      const start = row * width + left;
      pixels.fill(words[i], start, start + size);
    }
  };
  const n = places.length / 2;
  for (let i = 0; i < n; ++i) put(i);
  if (top) {
    size += 2;
    half += 1;
    for (const i of top) put(i);
  }
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
