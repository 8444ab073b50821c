// Curves of runs from the server: one request a run for all quantities of a
// group, at most one refresh a second, and never more than kMostPoints a curve.
import {either, get} from './api.js';

const kMostPoints = 800;
const kRefresh_ms = 1000;

export class CurveLoader {
  // `on_load(run_id, curves)` is called with each answer.
  constructor(keys, on_load, signal) {
    this.keys = keys;
    this.on_load = on_load;
    this.signal = signal;
    this.state = new Map();  // run id -> {is_busy, is_stale, last_ms, abort}
  }

  // Asks anew, at once if the last answer is a second old; while a request is
  // under way, once more after it.
  request(run_id, view, width_px) {
    const entry = this.state.get(run_id) ?? {is_busy: false, next: null, last_ms: -Infinity};
    this.state.set(run_id, entry);
    entry.next = {view, width_px};
    if (!entry.is_busy) this.start(run_id, entry);
  }

  // Drops what is asked for: the range has changed, its answer is worthless.
  cancel() {
    for (const entry of this.state.values()) {
      entry.abort?.abort();
      entry.last_ms = -Infinity;
    }
  }

  async start(run_id, entry) {
    entry.is_busy = true;
    while (entry.next && !this.signal.aborted) {
      const wait_ms = entry.last_ms + kRefresh_ms - performance.now();
      if (wait_ms > 0) await new Promise((done) => setTimeout(done, wait_ms));
      if (!entry.next || this.signal.aborted) break;
      const {view, width_px} = entry.next;
      entry.next = null;
      entry.last_ms = performance.now();
      entry.abort = new AbortController();
      try {
        const answer = await get(`/api/runs/${run_id}/curves`, {
          keys: this.keys.join(','),
          x: view.axis,
          from: view.range?.[0],
          to: view.range?.[1],
          points: Math.min(kMostPoints, Math.max(200, Math.round(width_px))),
        }, either(entry.abort.signal, this.signal));
        this.on_load(run_id, answer, null);
      } catch (error) {
        if (error.name !== 'AbortError') this.on_load(run_id, null, error);
      }
    }
    entry.is_busy = false;
  }
}

// Steps of events as values of another axis, by a curve of that axis.
export async function step_to_axis(run_id, axis, signal) {
  if (axis === 'step') return (step) => step;
  const {curves} = await get(`/api/runs/${run_id}/curves`,
    {keys: axis, x: 'step', points: kMostPoints}, signal);
  const {x = [], mean = []} = curves[axis] ?? {};
  return (step) => {
    const after = x.findIndex((value) => value >= step);
    if (after < 0) return mean.at(-1) ?? NaN;
    if (after === 0) return mean[0] * (x[0] > 0 ? step / x[0] : 1);
    const part = (step - x[after - 1]) / (x[after] - x[after - 1] || 1);
    return mean[after - 1] + part * (mean[after] - mean[after - 1]);
  };
}
