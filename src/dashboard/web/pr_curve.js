// Precision over recall of one class, with the chosen threshold marked.
import {make_scale, ticks_of} from './axis.js';
import {h, replace, svg} from './elements.js';
import {number, percent} from './format.js';

const kSize = {width: 420, height: 300};
const kBox = {left: 46, right: 410, top: 10, bottom: 262};

export function pr_curve(curve, scores) {
  const x = make_scale(0, 1, kBox.left, kBox.right, false);
  const y = make_scale(0, 1, kBox.bottom, kBox.top, false);
  const grid = ticks_of(x, 5).flatMap((tick) => [
    svg('path', {class: 'gridline', d: `M${x.px(tick)} ${kBox.top}V${kBox.bottom}`}),
    svg('path', {class: 'gridline', d: `M${kBox.left} ${y.px(tick)}H${kBox.right}`}),
    svg('text', {class: 'tick', x: x.px(tick), y: kBox.bottom + 16, 'text-anchor': 'middle'},
      String(tick)),
    svg('text', {class: 'tick', x: kBox.left - 6, y: y.px(tick) + 4, 'text-anchor': 'end'},
      String(tick))]);
  const line = curve.recall.map((recall, i) => `${x.px(recall).toFixed(1)} ${
    y.px(curve.precision[i]).toFixed(1)}`).join('L');
  const dot = (recall, precision) => svg('circle', {class: 'dot c1', r: 5, cx: x.px(recall),
    cy: y.px(precision)});
  const has_point = scores.recall !== null && scores.precision !== null;
  const overlay = svg('g', null, has_point ? dot(scores.recall, scores.precision) : null);
  const says = h('p', {class: 'soft', 'aria-live': 'polite'});
  const resting = has_point ? `At the threshold ${number(scores.threshold, 3)}: precision ${
    percent(scores.precision)}, recall ${percent(scores.recall)}.` : '';
  says.textContent = resting;
  let at = -1;
  const show = (index) => {
    at = Math.max(0, Math.min(curve.recall.length - 1, index));
    replace(overlay, dot(curve.recall[at], curve.precision[at]));
    says.textContent = `Threshold ${number(curve.threshold[at], 3)}: precision ${
      percent(curve.precision[at])}, recall ${percent(curve.recall[at])}.`;
  };
  const picture = svg('svg', {class: 'plot', viewBox: `0 0 ${kSize.width} ${kSize.height}`,
    'aria-hidden': 'true'}, grid,
  curve.recall.length ? svg('path', {class: 'line c0', d: `M${line}`}) : null, overlay,
  svg('text', {class: 'tick', x: (kBox.left + kBox.right) / 2, y: kSize.height - 4,
    'text-anchor': 'middle'}, 'recall'),
  svg('text', {class: 'tick', x: 12, y: 140, 'text-anchor': 'middle',
    transform: 'rotate(-90 12 140)'}, 'precision'));
  const area = h('div', {class: 'plot-area', tabindex: '0', role: 'group',
    'aria-roledescription': 'chart',
    'aria-label': `Precision over recall of ${curve.name}, average precision ${
      percent(curve.ap)}. Arrow keys walk along thresholds.`}, picture);
  area.addEventListener('pointermove', (event) => {
    const bounds = picture.getBoundingClientRect();
    const recall = x.value((event.clientX - bounds.left) / bounds.width * kSize.width);
    let best = 0;
    curve.recall.forEach((value, i) => {
      if (Math.abs(value - recall) < Math.abs(curve.recall[best] - recall)) best = i;
    });
    if (curve.recall.length) show(best);
  });
  area.addEventListener('keydown', (event) => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!step || !curve.recall.length) return;
    show(at + step * (event.shiftKey ? 10 : 1));
    event.preventDefault();
  });
  return [h('h2', {class: 'curve-name'}, `${curve.name}: AP ${percent(curve.ap)}`), area, says];
}
