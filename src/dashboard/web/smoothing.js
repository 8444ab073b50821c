// Exponential smoothing of a curve, without the pull towards its first value:
// s_i = (w s_{i-1} + (1 - w) y_i), divided by 1 - w^i (Kingma and Ba, 2015).

// Gaps stay gaps, and the average goes on behind them. 0 <= weight < 1.
export function smooth(values, weight) {
  if (!(weight > 0)) return values;
  let sum = 0;
  let share = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}
