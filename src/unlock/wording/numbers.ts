import type { Reason } from "../explanation.ts";

/** A required value, rounded up to two decimals: never less than the real one. */
export function atLeast(value: Reason["required"]): string {
  return String(typeof value === "number" ? roundedUp(value) : (value ?? ""));
}

/** Two decimals at most, and never more than the value. */
export function roundedDown(value: number): number {
  return Math.floor(value * 100 + ROUNDING) / 100;
}

/** Two decimals at most, and never less than the value. */
export function roundedUp(value: number): number {
  return Math.ceil(value * 100 - ROUNDING) / 100 || 0; // never -0
}

/**
 * Tolerance for numbers with two decimals that a computer cannot store exactly; smaller than the tolerance of any
 * score.
 */
const ROUNDING = 1e-6;
