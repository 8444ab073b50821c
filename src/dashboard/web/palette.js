// Colours. Lines take Okabe and Ito's, as `nadir report` does, and dashes past
// the sixth; points take more hues, with shades that differ in lightness too.

export const kNumColors = 6;
const kNumDashes = 4;

// Class names of style.css for the line of the i-th run.
export function line_class(color, dash = 0) {
  return `c${color % kNumColors} d${dash % kNumDashes}`;
}

export function run_class(index) {
  return line_class(index, Math.floor(index / kNumColors));
}

const kCategorical = [
  '#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#b3a800', '#7a5195',
  '#7f7f7f', '#8c3b1a', '#00606b', '#f4a3b5', '#5d8a00', '#3a3fb0', '#c9a36a', '#a0d6b4',
  '#ad1457', '#6fa8dc', '#4e342e', '#b8b8d1',
];

// The i-th of many values. Twenty differ well; past them hues walk by the
// golden angle, and only the legend and the hover tell.
export function category_color(index) {
  if (index < kCategorical.length) return rgb_of_hex(kCategorical[index]);
  const hue = (index * 137.508) % 360;
  return rgb_of_hsl(hue, 0.55, index % 2 ? 0.42 : 0.66);
}

export const kNoColor = [140, 146, 152];

// Cividis, sampled: dark blue to yellow, the same for all colour vision.
const kCividis = [
  [0, 32, 77], [17, 52, 109], [60, 77, 110], [96, 103, 112], [124, 123, 120],
  [154, 145, 119], [187, 170, 109], [223, 197, 88], [255, 234, 70],
];

export function ramp_color(share) {
  const at = Math.min(1, Math.max(0, share)) * (kCividis.length - 1);
  const low = Math.min(kCividis.length - 2, Math.floor(at));
  const part = at - low;
  return kCividis[low].map((c, i) => Math.round(c + part * (kCividis[low + 1][i] - c)));
}

export function css(rgb) {
  return `rgb(${rgb[0]} ${rgb[1]} ${rgb[2]})`;
}

// Black or white, whichever reads better on `rgb` (WCAG's luminance).
export function ink_on(rgb) {
  const [r, g, b] = rgb.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff';
}

function rgb_of_hex(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function rgb_of_hsl(hue, saturation, lightness) {
  const a = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}
