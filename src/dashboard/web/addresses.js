// Addresses of pages with their filters, e.g. "#/images?missed=Beaches".
import {path_of} from './api.js';

export function image_address(filters) {
  return path_of('#/images', filters);
}

export function map_address(parameters) {
  return path_of('#/map', parameters);
}

export function search_address(parameters) {
  return path_of('#/search', parameters);
}

// Keeps the state of a page in its address, so that reload and a bookmark
// come back to it, without a new entry of the history.
export function keep_address(address) {
  history.replaceState(null, '', address);
}
