// Numbers, times and sizes as text for people.

export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value.toExponential(Math.min(2, digits - 1)).replace(/\.?0+e/, 'e').replace('e+', 'e');
  }
  return String(Number(value.toPrecision(digits)));
}

export function percent(share, digits = 1) {
  return share === null || share === undefined || !Number.isFinite(share)
    ? '–' : `${(100 * share).toFixed(digits)}\u00a0%`;
}

export function integer(value) {
  return value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en-GB');
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 1000 && unit + 1 < units.length) {
    size /= 1000;
    ++unit;
  }
  return `${Number(size.toPrecision(3))} ${units[unit]}`;
}

// "2026-11-24 04:18" from ISO 8601: as written, without the reader's zone.
export function time(text) {
  return text ? text.replace('T', ' ').replace(/:\d\d(\.\d+)?Z?$/, '') : '–';
}

export function count(value, one, many = `${one}s`) {
  return `${integer(value)} ${value === 1 ? one : many}`;
}
