// The list of images that somebody has picked, in the atlas or on the map:
// one for all pages, so that a lasso in the atlas can be shown on the map.

let ids = [];
let origin = '';
const listeners = new Set();

export function selected() {
  return {ids, origin};
}

// `from` says where the list comes from: "lasso in the atlas".
export function select(new_ids, from) {
  ids = [...new Set(new_ids)].filter((id) => id >= 0);
  origin = from;
  for (const listener of listeners) listener();
}

export function on_selection(listener, signal) {
  listeners.add(listener);
  signal.addEventListener('abort', () => listeners.delete(listener));
}
