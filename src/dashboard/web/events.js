// The stream of server-sent events: runs that changed, progress of the atlas.
// The browser reconnects by itself; the header says when it has to.

const listeners = new Map();  // kind of event -> set of functions
const runs = new Map();       // id -> the newest Run
let last_atlas = null;

export function known_runs() {
  return [...runs.values()].sort((a, b) => a.id - b.id);
}

export function known_atlas() {
  return last_atlas;
}

// Calls `listener` at each event of `kind` until `signal` aborts.
export function on_event(kind, listener, signal) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  signal.addEventListener('abort', () => listeners.get(kind).delete(listener));
}

function tell(kind, data) {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

export function remember_runs(list) {
  for (const run of list) runs.set(run.id, run);
}

function show_state(element, is_open, was_open) {
  element.dataset.state = is_open ? 'live' : 'waiting';
  const text = is_open ? 'Live' : was_open ? 'Connection lost, trying again …' : 'Connecting …';
  if (element.textContent !== text) element.textContent = text;
}

// Opens the stream; `element` shows whether it is alive.
export function open_events(element) {
  let was_open = false;
  let source = null;
  const connect = () => {
    source = new EventSource('/api/events');
    source.addEventListener('open', () => {
      was_open = true;
      show_state(element, true, was_open);
    });
    source.addEventListener('error', () => {
      show_state(element, false, was_open);
      // After a refusal the browser gives up for good; we do not.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    });
    source.addEventListener('runs', (event) => {
      const changed = JSON.parse(event.data).runs;
      remember_runs(changed);
      tell('runs', changed);
    });
    source.addEventListener('atlas', (event) => {
      last_atlas = JSON.parse(event.data);
      tell('atlas', last_atlas);
    });
  };
  show_state(element, false, false);
  connect();
  // A page that is left must not keep a connection of the six there are.
  window.addEventListener('pagehide', () => source.close());
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) connect();
  });
}
