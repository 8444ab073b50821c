// Where predictions err: the mean error of each country.
import {get_array, get_once} from './api.js';

const kLeastImages = 5;   // a mean of fewer says nothing of a country
const kNone = 255;

// [{name, mean, num_images}], worst first; empty without countries.
export async function error_by_country(signal) {
  const {countries} = await get_once('/api/data');
  if (!countries.length) return [];
  const [errors, codes] = await Promise.all([
    get_array('/api/map/codes', {by: 'error'}, Float32Array, signal),
    get_array('/api/map/codes', {by: 'country'}, Uint8Array, signal)]);
  const sums = countries.map((name) => ({name, sum: 0, num_images: 0}));
  codes.forEach((code, i) => {
    if (code === kNone || !Number.isFinite(errors[i])) return;
    sums[code].sum += errors[i];
    ++sums[code].num_images;
  });
  return sums.filter((one) => one.num_images >= kLeastImages)
    .map(({name, sum, num_images}) => ({name, mean: sum / num_images, num_images}))
    .sort((a, b) => b.mean - a.mean);
}
