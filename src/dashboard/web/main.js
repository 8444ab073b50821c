// The shell: navigation, theme, and which page the address after # asks for.
import {ApiError, get_once} from './api.js';
import {announce, empty, h, replace} from './elements.js';
import {open_events} from './events.js';

// Loaded when they are first shown: the runs need no map.
const kPages = {
  runs: {title: 'Runs', load: () => import('./runs.js'), in_nav: true},
  run: {title: 'Run', load: () => import('./run.js'), parent: 'runs'},
  differences: {title: 'Differences', load: () => import('./differences.js'), in_nav: true},
  images: {title: 'Images', load: () => import('./images.js'), in_nav: true},
  image: {title: 'Image', load: () => import('./image.js'), parent: 'images'},
  classes: {title: 'Classes', load: () => import('./classes.js'), in_nav: true},
  atlas: {title: 'Atlas', load: () => import('./atlas.js'), in_nav: true},
  map: {title: 'Map', load: () => import('./map.js'), in_nav: true},
  search: {title: 'Search', load: () => import('./search.js'), in_nav: true},
};

// "#/image/12?class=x" -> {name: 'image', argument: '12', query}
function parse_address() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, argument] = path.split('/');
  return {name: name || 'runs', argument: argument ?? '', query: new URLSearchParams(query)};
}

function draw_nav(current) {
  const shown = kPages[current]?.parent ?? current;
  replace(document.getElementById('nav'), Object.entries(kPages)
    .filter(([, page]) => page.in_nav)
    .map(([name, page]) => h('a', {href: `#/${name}`,
      'aria-current': name === shown ? 'page' : null}, page.title)));
}

let leave = null;  // ends what the page before has going on

async function show_page(is_first) {
  leave?.abort();
  leave = new AbortController();
  const {signal} = leave;
  const {name, argument, query} = parse_address();
  const main = document.getElementById('main');
  draw_nav(name);
  const page = kPages[name];
  if (!page) {
    replace(main, h('h1', null, 'No such page'), empty(`There is no page "${name}".`,
      h('a', {href: '#/runs'}, 'Go to the runs.')));
    return;
  }
  document.title = `${page.title} · nadir`;
  main.className = `page-${name}`;
  replace(main, h('h1', null, page.title), h('p', {class: 'soft', role: 'status'}, 'Loading …'));
  try {
    const [module, info] = await Promise.all([page.load(), get_once('/api/info')]);
    if (signal.aborted) return;
    // A page fills a container of its own: one that is left while it loads
    // cannot write into the next one.
    const content = h('div', {class: 'page'});
    await module.show(content, {argument, query, signal, info,
      place: () => { if (!signal.aborted && !content.isConnected) replace(main, content); }});
    if (signal.aborted) return;
    if (!content.isConnected) replace(main, content);
  } catch (error) {
    if (signal.aborted || error.name === 'AbortError') return;
    if (!(error instanceof ApiError)) console.error(error);  // a fault of ours
    replace(main, h('h1', null, page.title), h('div', {class: 'empty', role: 'alert'},
      h('p', null, h('strong', null, error.message)),
      h('p', null, h('button', {type: 'button', onclick: () => show_page(false)}, 'Try again'))));
  }
  if (!is_first) {
    window.scrollTo(0, 0);
    main.focus({preventScroll: true});
    announce(`${document.title.replace(' · nadir', '')} shown`);
  }
}

function start_theme() {
  const control = document.getElementById('theme');
  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  try {
    control.value = localStorage.getItem('nadir-theme') ?? '';
  } catch {
    // No storage: the choice lasts as long as the page.
  }
  apply(control.value);
  control.addEventListener('change', () => {
    apply(control.value);
    window.dispatchEvent(new Event('themechange'));
    try {
      localStorage.setItem('nadir-theme', control.value);
    } catch {
      // As above.
    }
  });
}

start_theme();
// The address after # is ours, so the skip link must not change it.
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('main').focus();
});
open_events(document.getElementById('connection'));
window.addEventListener('hashchange', () => show_page(false));
show_page(true);
