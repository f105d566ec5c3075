import { z } from "zod";
import { clampedInstant } from "../clamped.ts";
import { allOf, type ImportedRule } from "../document.ts";
import type { Verdict } from "../report.ts";
import { groupAccess, isTrue, textField } from "./fields.ts";
import type { Block } from "./read.ts";

/** What a block inherits from the blocks that contain it. */
export interface Inherited {
  /** Latest start so far, epoch milliseconds. */
  start: number | null;
  isHidden: boolean;
  /** Sets of cohorts; one of each is required. */
  cohorts: string[][];
  due: number | null;
  /** Titles of the blocks that contain it, below the subsection. */
  titles: string[];
}

/** When a block is available and, if several partitions restrict it, for whom. */
export function startOf({ start, cohorts }: Inherited): ImportedRule | null {
  const several = cohorts.length > 1 ? cohorts.map((any_of) => ({ hide: { cohort: { any_of } } })) : [];
  return allOf([start === null ? null : { hide: { from: clampedInstant(start) } }, ...several]);
}

/** Who sees a block at all. */
export function shownTo({ isHidden, cohorts }: Inherited): { visibility?: "hidden"; assign_to?: string[] } {
  const [only] = cohorts;
  return {
    ...(isHidden ? { visibility: "hidden" } : {}),
    ...(cohorts.length === 1 && only !== undefined ? { assign_to: only } : {}),
  };
}

/** A group of a partition becomes a cohort here. */
export function cohortOf(partition: string, group: number): string {
  return `partition-${partition}-${group}`;
}

/** The cohorts for the groups of partitions, with the names of the groups. */
export function cohortsOf(course: Block): { name: string; title: string }[] {
  const parsed = partitionsSchema.safeParse(course.fields.get("user_partitions"));
  const partitions = parsed.success ? parsed.data : [];
  return partitions.flatMap(({ id, name, groups }) =>
    groups.map((group) => ({ name: cohortOf(String(id), group.id), title: `${name}: ${group.name}` })),
  );
}

const named = { id: z.number(), name: z.string().default("") };
const partitionsSchema = z.array(z.looseObject({ ...named, groups: z.array(z.looseObject(named)).default([]) }));

/** A block's own start, and who sees it. */
export function placeOf(block: Block): { rule: Record<string, unknown>; verdicts: Verdict[]; why: string[] } {
  const rule: Record<string, unknown> = {};
  const [verdicts, why]: [Verdict[], string[]] = [["exact"], []];
  const start = textField(block, "start");
  if (start !== null) rule.start = start;
  if (isTrue(block, "visible_to_staff_only")) rule.visible_to_staff_only = true;
  if (isTrue(block, "hide_after_due")) {
    rule.hide_after_due = true;
    verdicts.push("approximated");
    why.push("after its due date, Open edX hides the content; in Latchkey it stays readable and accepts no work");
  }
  const groups = groupAccess(block);
  if (groups.length > 0) {
    rule.group_access = Object.fromEntries(groups.map((one) => [one.partition, one.groups]));
    why.push(
      `it is assigned to the cohorts ${groups.flatMap((one) => one.groups.map((group) => cohortOf(one.partition, group))).join(", ")}`,
    );
  }
  return { rule, verdicts, why };
}
