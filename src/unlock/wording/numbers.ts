import type { Reason } from "../explanation.ts";

/** What is asked, with two decimals at most: never less than it is. */
export function atLeast(value: Reason["required"]): string {
  return String(typeof value === "number" ? roundedUp(value) : (value ?? ""));
}

/** Two decimals, and never more than the value. */
export function roundedDown(value: number): number {
  return Math.floor(value * 100 + ROUNDING) / 100;
}

/** Two decimals, and never less than the value. */
export function roundedUp(value: number): number {
  return Math.ceil(value * 100 - ROUNDING) / 100 || 0; // never -0
}

/** Slack for numbers that have two decimals but for the way computers hold them; less than any score is compared with. */
const ROUNDING = 1e-6;
