// Three sentences for somebody who sees this for the first time: is it
// healthy, which classes fail, where on the map, each with the way there.
import {get, get_once} from './api.js';
import {code, h, replace} from './elements.js';
import {error_by_country} from './error_places.js';
import {percent} from './format.js';
import {image_address, map_address} from './addresses.js';

const kMostNamed = 3;

// A headline that goes on inside a sentence: names in it, as of ln K, stay.
function within_sentence(headline) {
  return headline.slice(0, 1).toLowerCase() + headline.slice(1);
}

function health_sentence(runs) {
  if (!runs.length) return ['No runs are open.'];
  const of = (health) => runs.filter((run) => run.verdict.health === health);
  const groups = [['failing', 'in trouble'], ['watch', 'to keep an eye on'],
    ['healthy', 'healthy'], ['unknown', 'too early or too bare to judge']];
  return groups.flatMap(([health, words]) => {
    const found = of(health);
    if (!found.length) return [];
    const verb = found.length === 1 ? 'is' : 'are';
    const named = found.slice(0, kMostNamed).flatMap((run, i) => [i ? ', ' : '',
      h('a', {href: `#/run/${run.id}`}, run.name)]);
    const more = found.length > kMostNamed ? ` and ${found.length - kMostNamed} more` : '';
    const why = health === 'healthy' ? '' : ` (${within_sentence(found[0].verdict.headline)})`;
    return [h('span', {class: `word ${health}`}, ...named, `${more} ${verb} ${words}`,
      found.length === 1 ? why : ''), '. '];
  });
}

// The classes with the least average precision, of the predictions on the
// images, or else of a run's own scores.
async function worst_classes(runs, info, signal) {
  if (info.has.predictions) {
    const {classes} = await get_once('/api/classes');
    return {classes, source: 'the predictions'};
  }
  const scored = runs.find((run) => run.ap_macro !== null);
  if (!scored) return null;
  const {tables} = await get(`/api/runs/${scored.id}`, {}, signal);
  const classes = tables.flatMap((table) => (
    table.rows.find((row) => !row.is_baseline)?.per_class ?? []));
  return {classes, source: scored.name, run: scored};
}

function classes_sentence(found) {
  if (!found) {
    return ['Not known: start with ', code('--data D --predictions P.parquet'), ', made by ',
      code('nadir predict'), '; or score a run with ', code('nadir eval linear'), '.'];
  }
  const worst = found.classes.filter((row) => row.ap !== null)
    .sort((a, b) => a.ap - b.ap).slice(0, kMostNamed);
  if (!worst.length) return ['No class has a score.'];
  const named = worst.flatMap((row, i) => [i ? ', ' : '', found.run
    ? h('a', {href: `#/run/${found.run.id}`}, row.name)
    : h('a', {href: image_address({missed: row.name})}, row.name), ` (AP ${percent(row.ap, 0)})`]);
  return ['Least average precision: ', ...named, '. ', found.run
    ? h('a', {href: `#/run/${found.run.id}`}, `Scores of ${found.run.name}`)
    : h('a', {href: '#/classes'}, 'All classes'), '.'];
}

function map_sentence(info, found, places) {
  if (!info.has.footprints) {
    return ['Not known: start with ', code('--data D'),
      ', a dataset folder with an index (', code('nadir data index'), ').'];
  }
  if (!info.has.predictions) {
    return [h('a', {href: map_address({by: 'class'})}, 'The map'),
      ' shows the images by class; with predictions it shows errors too.'];
  }
  const worst = found?.classes.filter((row) => row.ap !== null).sort((a, b) => a.ap - b.ap)[0];
  const named = (place) => [h('a', {href: image_address({country: place.name, sort: 'worst'})},
    place.name), ` (${percent(place.mean)})`];
  return [places?.length > 1 ? ['Mean error is greatest in ', named(places[0]), ', least in ',
    named(places[places.length - 1]), '. '] : '',
  h('a', {href: map_address({by: 'error'})}, 'The map by error'), ' shows each image',
  worst ? ['; another ', h('a', {href: map_address({missed: worst.name})},
    `where ${worst.name} is missed`)] : '', '.'];
}

export async function guide(box, runs, info, signal) {
  const draw = (found, problem, places) => replace(box, h('dl', null,
    h('dt', null, 'Is it healthy?'), h('dd', null, health_sentence(runs)),
    h('dt', null, 'Which classes fail?'), h('dd', null, problem ?? classes_sentence(found)),
    h('dt', null, 'Where?'), h('dd', null, map_sentence(info, found, places))));
  if (!box.firstChild) draw(null, 'Looking …');
  try {
    const found = await worst_classes(runs, info, signal);
    if (!signal.aborted) draw(found);
    if (info.has.footprints && info.has.predictions) {
      const places = await error_by_country(signal);
      if (!signal.aborted) draw(found, undefined, places);
    }
  } catch (error) {
    if (!signal.aborted) draw(null, error.message);
  }
}
