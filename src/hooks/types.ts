import { z } from "zod";

/** What other systems can ask to be told of. A type is never renamed or reused: receivers know it. */
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

/** Something that happened, as a receiver is told of it: ids only, no names and no addresses. */
export interface News {
  course: string;
  type: HookType;
  /** Epoch ms. */
  at: number;
  /** What is told in order: an enrollment, or a course. */
  about: string;
  /** Distinguishes it from all other news about the same: an id for receivers is made of it. */
  key: string;
  data: Readonly<Record<string, Value>>;
}

/** News of an enrollment, with the row of the object's outbox that they came in. */
export interface ProjectedNews {
  row: number;
  type: HookType;
  at: number;
  /** Which of the news of that row. */
  part: number;
  data: News["data"];
}

/** One event of a page, with what became of its delivery: w: it waits; d: delivered; f: given up. */
export const hookEventSchema = z.object({
  id: z.string(),
  type: z.enum(HOOK_TYPES),
  course: z.string(),
  about: z.string(),
  at: z.number(),
  data: z.record(z.string(), z.unknown()),
  state: z.enum(["w", "d", "f"]).default("w"),
  tries: z.number().default(0),
  /** Since when it waits, epoch ms: three days later it is given up. */
  since: z.number(),
  /** When it is tried next. */
  next: z.number().default(0),
  tried: z.number().nullable().default(null),
  status: z.number().nullable().default(null),
  error: z.string().nullable().default(null),
  ms: z.number().nullable().default(null),
});
export type HookEvent = z.output<typeof hookEventSchema>;

/** An event as it is written down first. */
export type NewHookEvent = Pick<HookEvent, "id" | "type" | "course" | "about" | "at" | "since"> & {
  data: News["data"];
};
