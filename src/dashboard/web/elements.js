// Making elements. Text from outside (names of patches, notes, labels) goes in
// as text nodes and attributes only: no string here is ever parsed as HTML.

const kSvg = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'class') {
      element.setAttribute('class', value);
    } else if (name in element && name !== 'list' && !(element instanceof SVGElement)
               && typeof value !== 'string') {
      element[name] = value;  // checked, disabled, tabIndex
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  append(element, children);
  return element;
}

// Strings become text nodes; null and false are left out; lists are spread.
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

// h('a', {href: '#/runs'}, 'Runs'). `onclick` and the like take functions.
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(kSvg, tag), attributes, children);
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

let num_ids = 0;

// An id for pairing labels, captions and the like.
export function fresh_id(prefix) {
  return `${prefix}-${++num_ids}`;
}

// A labelled <select>. `options`: [value, text] pairs or plain strings.
export function select_field(label, options, value, on_change) {
  const id = fresh_id('select');
  const control = h('select', {id, onchange: () => on_change(control.value)},
    options.map((option) => {
      const [key, text] = Array.isArray(option) ? option : [option, option];
      return h('option', {value: key, selected: key === value}, text);
    }));
  return h('div', {class: 'field'}, h('label', {for: id}, label), control);
}

export function check_field(label, is_checked, on_change) {
  const control = h('input', {type: 'checkbox', checked: is_checked,
    onchange: () => on_change(control.checked)});
  return h('label', {class: 'check'}, control, h('span', null, label));
}

export function button(text, on_click, attributes) {
  return h('button', {type: 'button', onclick: on_click, ...attributes}, text);
}

// What a page shows where it has nothing: what is missing, what to do.
export function empty(title, ...advice) {
  return h('div', {class: 'empty'}, h('p', null, h('strong', null, title)),
    advice.length ? h('p', null, advice) : null);
}

// A box that scrolls sideways where its table is wide; keys can scroll it too.
export function scroll_box(label, ...children) {
  return h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': label}, children);
}

export function code(text) {
  return h('code', null, text);
}

// Says a change to readers of the screen.
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}
