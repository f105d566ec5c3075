/**
 * Percentages are rounded to two decimals before they are compared, so that 2 of 3 is the 66.67 % an author writes.
 * This never gives an item away: even in the largest course, one item is four times as much as the rounding.
 */
const PERCENT_SLACK = 0.005 + 1e-9;

/** How many of `total` items are at least a percentage of them, as authors write it: 2 of 3 are 66.67 %. */
export function shareOf(percent: number, total: number): number {
  return Math.max(Math.ceil(((percent - PERCENT_SLACK) * total) / 100), 0);
}
