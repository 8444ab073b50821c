// A chart as an SVG file that stands alone, for a paper or a message: what the
// page's styles say is written into it; its title and legend stand above.
import {svg} from './elements.js';

const kStyles = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin',
  'stroke-linecap', 'opacity', 'font-family', 'font-size', 'font-variant-numeric'];
const kMargin = 12;
const kTitleHeight = 30;
const kRowHeight = 18;

// The styles of `shown` as attributes of its copy.
function write_styles(shown, copy) {
  const style = getComputedStyle(shown);
  for (const name of kStyles) copy.setAttribute(name, style.getPropertyValue(name));
  [...shown.children].forEach((child, i) => write_styles(child, copy.children[i]));
}

function copy_of(shown) {
  const copy = shown.cloneNode(true);
  write_styles(shown, copy);
  return copy;
}

function text_like(element, x, y) {
  const style = getComputedStyle(element);
  return svg('text', {x, y, fill: style.color, 'font-family': style.fontFamily,
    'font-size': style.fontSize, 'font-weight': style.fontWeight}, element.textContent);
}

// The text of the file.
export function chart_picture(chart) {
  const entries = chart.legend_row.hidden ? [] : [...chart.legend_row.children];
  const head = kTitleHeight + kRowHeight * entries.length;
  const width = chart.svg.width.baseVal.value + 2 * kMargin;
  const height = chart.svg.height.baseVal.value + head;
  const plot = copy_of(chart.svg);
  plot.setAttribute('x', kMargin);
  plot.setAttribute('y', head);
  const rows = entries.flatMap((entry, i) => {
    const y = kTitleHeight + kRowHeight * (i + 0.5);
    const sample = copy_of(entry.querySelector('svg'));
    sample.setAttribute('x', kMargin);
    sample.setAttribute('y', y - 8);
    return [sample, text_like(entry, kMargin + 30, y)];
  });
  const picture = svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`},
    svg('rect', {width, height, fill: getComputedStyle(chart.element).backgroundColor}),
    text_like(chart.element.querySelector('h4'), kMargin, kTitleHeight - 10), rows, plot);
  return new XMLSerializer().serializeToString(picture);
}
