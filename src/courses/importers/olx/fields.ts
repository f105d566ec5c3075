import type { Block } from "./read.ts";

/** A field as text; null if it is absent or empty. */
export function textField(block: Block, field: string): string | null {
  const value = block.fields.get(field);
  if (typeof value === "string") return value.trim() || null;
  return typeof value === "number" ? String(value) : null;
}

export function isTrue(block: Block, field: string): boolean {
  const value = block.fields.get(field);
  return value === true || (typeof value === "string" && value.trim().toLowerCase() === "true");
}

/** An instant in epoch milliseconds; dates without a zone are UTC. Null if there is none. */
export function instantField(block: Block, field: string): number | null {
  const text = textField(block, field);
  if (text === null) return null;
  const ms = Date.parse(/T/.test(text) && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text}Z` : text);
  return Number.isNaN(ms) ? null : ms;
}

/** The least percentage that a prerequisite requires; 100 if the field is absent, empty or not a number. */
export function minimumField(block: Block, field: string): number {
  const text = textField(block, field);
  const number = text === null ? Number.NaN : Number(text);
  return Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : 100;
}

/** Groups that may see a block, by partition; a partition without groups restricts nobody. */
export function groupAccess(block: Block): { partition: string; groups: number[] }[] {
  const value = block.fields.get("group_access");
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([partition, groups]) => {
    const ids = Array.isArray(groups) ? groups.filter((id) => typeof id === "number") : [];
    return ids.length === 0 ? [] : [{ partition, groups: ids }];
  });
}

const UNITS: Readonly<Record<string, number>> = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 };

/** A duration such as `2 days 3 hours` or `03:00:00`, in milliseconds; 0 if it is none. */
export function graceOf(text: string | null): number {
  const [, hours, minutes, seconds] = /^(\d+):(\d+)(?::(\d+))?$/.exec(text ?? "") ?? [];
  if (hours !== undefined) return Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds ?? 0) * 1_000;
  const parts = [...(text ?? "").matchAll(/(\d+)\s*(day|hour|minute|second)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0);
}
