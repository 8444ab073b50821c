// Gestures on a chart that change the range of x: dragging picks one, a double
// click shows all; keys + - 0 do the same around the cursor.
import {svg} from './elements.js';

const kLeastDrag_px = 6;

function x_in(chart, event) {
  const bounds = chart.svg.getBoundingClientRect();
  return Math.min(chart.box.right, Math.max(chart.box.left, event.clientX - bounds.left));
}

// `set_range` takes [from, to], or null for everything.
export function add_zoom(chart, set_range) {
  const {area} = chart;
  let start = null;
  let rectangle = null;

  const end = () => {
    rectangle?.remove();
    rectangle = null;
    start = null;
  };
  area.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !chart.box) return;
    start = x_in(chart, event);
  });
  area.addEventListener('pointermove', (event) => {
    if (start === null) return;
    const now = x_in(chart, event);
    if (!rectangle) {
      if (Math.abs(now - start) < kLeastDrag_px) return;
      area.setPointerCapture(event.pointerId);
      rectangle = svg('rect', {class: 'selection', y: chart.box.top,
        height: chart.box.bottom - chart.box.top});
      chart.svg.append(rectangle);
    }
    rectangle.setAttribute('x', Math.min(start, now));
    rectangle.setAttribute('width', Math.abs(now - start));
  });
  area.addEventListener('pointerup', (event) => {
    if (rectangle) {
      const now = x_in(chart, event);
      set_range([chart.x.value(Math.min(start, now)), chart.x.value(Math.max(start, now))]);
    }
    end();
  });
  area.addEventListener('pointercancel', end);
  area.addEventListener('dblclick', () => set_range(null));
}

// The range `factor` times as wide around `center_px`, as pixels see it: on a
// logarithmic axis too the point under the cursor stays.
export function scaled_range(chart, center_px, factor) {
  const {left, right} = chart.box;
  const from = center_px - (center_px - left) * factor;
  const to = center_px + (right - center_px) * factor;
  return [chart.x.value(from), chart.x.value(to)];
}
