import { z } from "zod";

/** The types of webhook events. A type is never renamed or reused, because receivers depend on it. */
export const HOOK_TYPES = [
  "item.unlocked",
  "item.completed",
  "item.relocked",
  "enrollment.created",
  "submission.graded",
  "learner.at_risk",
  "course.published",
  "import.done",
] as const;
export type HookType = (typeof HOOK_TYPES)[number];

type Value = string | number | boolean | null | readonly string[];

/** Something that happened, in the form for receivers: only ids, no names and no addresses. */
export interface News {
  course: string;
  type: HookType;
  /** Epoch ms. */
  at: number;
  /** The subject whose events stay in order: an enrollment or a course. */
  about: string;
  /** Distinguishes it from all other news about the same subject. The id for receivers is made from it. */
  key: string;
  data: Readonly<Record<string, Value>>;
}

/** News of an enrollment, with their row in the object's outbox. */
export interface ProjectedNews {
  row: number;
  type: HookType;
  at: number;
  /** The number of these news within that row. */
  part: number;
  data: News["data"];
}

/** One event of a page, with the state of its delivery: w: it waits; d: delivered; f: given up. */
export const hookEventSchema = z.object({
  id: z.string(),
  type: z.enum(HOOK_TYPES),
  course: z.string(),
  about: z.string(),
  at: z.number(),
  data: z.record(z.string(), z.unknown()),
  state: z.enum(["w", "d", "f"]).default("w"),
  tries: z.number().default(0),
  /** Since when it waits, epoch ms. After three days it is given up. */
  since: z.number(),
  /** When it is tried again. */
  next: z.number().default(0),
  tried: z.number().nullable().default(null),
  status: z.number().nullable().default(null),
  error: z.string().nullable().default(null),
  ms: z.number().nullable().default(null),
});
export type HookEvent = z.output<typeof hookEventSchema>;

/** An event when it is first stored. */
export type NewHookEvent = Pick<HookEvent, "id" | "type" | "course" | "about" | "at" | "since"> & {
  data: News["data"];
};
