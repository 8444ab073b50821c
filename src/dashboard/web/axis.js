// Scales from values to pixels, linear or logarithmic, and their ticks.
import {bytes, number} from './format.js';

// Maps [low, high] to [from_px, to_px]. A logarithmic scale needs low > 0.
export function make_scale(low, high, from_px, to_px, is_log) {
  const forth = is_log ? Math.log10 : (v) => v;
  const back = is_log ? (v) => 10 ** v : (v) => v;
  const first = forth(low);
  const span = forth(high) - first || 1;
  return {
    low, high, is_log,
    px: (value) => from_px + (forth(value) - first) / span * (to_px - from_px),
    value: (px) => back(first + (px - from_px) / (to_px - from_px) * span),
  };
}

// 1, 2 or 5 times a power of ten: the least that needs at most `most` steps.
function nice_step(span, most) {
  const raw = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const digit = raw / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

function linear_ticks(low, high, most) {
  if (!(high > low)) return [low];
  const step = nice_step(high - low, most);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function log_ticks(low, high, most) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / most));
  const digits = last - first <= 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += stride) {
    for (const digit of digits) {
      const tick = digit * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks.length >= 2 ? ticks : linear_ticks(low, high, most);
}

export function ticks_of(scale, most, divide = 1) {
  const make = scale.is_log ? log_ticks : linear_ticks;
  return make(scale.low / divide, scale.high / divide, most).map((tick) => tick * divide);
}

// The unit that seconds are shown in on an axis that reaches so far.
export function time_unit(seconds) {
  if (seconds < 180) return {divide: 1, name: 's'};
  if (seconds < 3 * 3600) return {divide: 60, name: 'min'};
  if (seconds < 72 * 3600) return {divide: 3600, name: 'h'};
  return {divide: 86400, name: 'days'};
}

// 12000 -> "12k": ticks of steps must be short.
export function tick_text(value) {
  const size = Math.abs(value);
  if (size >= 1e6 && size < 1e9) return `${Number((value / 1e6).toPrecision(6))}M`;
  if (size >= 1e4 && size < 1e6) return `${Number((value / 1e3).toPrecision(6))}k`;
  return number(value, 6);
}

// The value of a curve as text. `unit`: 'share', 'bytes' or none.
export function value_text(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === 'share') return `${number(100 * value)}\u00a0%`;
  if (unit === 'bytes') return bytes(value);
  return number(value);
}

// Ends of a y axis around values, with room, not narrower than `min_range`.
export function pad_range(low, high, {is_log, y_low, min_range = 0}) {
  if (is_log) {
    const room = (high / low) ** 0.05;
    return low === high ? [low / 2, high * 2] : [low / room, high * room];
  }
  if (high - low < min_range) {
    const middle = (low + high) / 2;
    [low, high] = [middle - min_range / 2, middle + min_range / 2];
  }
  if (y_low !== undefined && low >= y_low) low = y_low;
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  }
  const room = (high - low) * 0.05;
  return [low === y_low ? low : low - room, high + room];
}
