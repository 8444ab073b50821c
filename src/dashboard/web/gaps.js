// Gaps in curves. The server leaves out what is no number; a line over the
// hole would claim values that nobody has measured.

const kLeastPoints = 10;  // fewer points: no rhythm to tell a hole by
const kHole = 6;          // times the median distance

// The curve with a missing value in each hole of an otherwise even rhythm.
export function with_gaps(curve) {
  const {x} = curve;
  if (x.length < kLeastPoints) return curve;
  const distances = x.slice(1).map((value, i) => value - x[i]);
  const median = [...distances].sort((a, b) => a - b)[distances.length >> 1];
  const holes = distances.flatMap((distance, i) => (distance > kHole * median ? [i] : []));
  if (!holes.length) return curve;
  const out = {...curve, x: []};
  const lists = ['mean', 'min', 'max'].filter((name) => curve[name]?.length);
  for (const name of lists) out[name] = [];
  let next = 0;
  x.forEach((value, i) => {
    out.x.push(value);
    for (const name of lists) out[name].push(curve[name][i]);
    if (holes[next] !== i) return;
    ++next;
    out.x.push((value + x[i + 1]) / 2);
    for (const name of lists) out[name].push(null);
  });
  return out;
}
