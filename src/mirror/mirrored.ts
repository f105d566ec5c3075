import { z } from "zod";
import {
  evaluate,
  type Fact,
  type LearnerRecord,
  layOut,
  NO_POLICY,
  OVERRIDE_KINDS,
  type Pauses,
  type Program,
  type View,
} from "../unlock/index.ts";
import type { HeldScore, NewFact } from "./new-fact.ts";
import type { enrollments, progress } from "./tables.ts";

// The content of an enrollment's rows in D1, and its evaluation on a course. Pure: no I/O, no clock.

export interface ProjectedFact extends Fact {
  item: string;
  revoked_at: number | null;
  seq: number;
}

/** An enrollment from the mirror in D1. It is read when the object cannot answer, and to rebuild a lost object. */
export interface MirroredEnrollment {
  id: string;
  course: string;
  user: string;
  status: "active" | "withdrawn";
  withdrawn_at: number | null;
  record: LearnerRecord;
  /** Items the rules had opened, for a grandfathering publish in a course that is not sticky. */
  earned: string[];
  facts: ProjectedFact[];
  /** When the learner met the course's requirement for a certificate, epoch ms. */
  certified_at?: number | null;
  kept_out?: boolean;
  /** Scores that wait for their release. */
  held?: readonly HeldScore[];
  version: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  activation: number;
  engine: number;
  computed_at: number | null;
  /** Since when it is marked; null if it was not read. */
  stale_since: number | null;
}

/** The activation of a course that its pointer names. */
type Activation = { activation: number; last_relock: number };

const isObject = (value: unknown) => typeof value === "object" && value !== null;

const policySchema = z.object({
  cohorts: z.array(z.string()),
  practice_mode: z.boolean(),
  profile: z.record(z.string(), z.string()).default({}),
  courses: z.record(z.string(), z.number()).default({}),
  pauses: z.custom<Pauses>(isObject).nullable().default(null),
  certified_at: z.number().nullable().default(null),
  kept_out: z.boolean().default(false),
  held: z
    .array(z.object({ item: z.string(), fact: z.custom<NewFact>(isObject), held_at: z.number(), actor: z.string() }))
    .default([]),
  overrides: z.array(
    z.object({
      item: z.string(),
      kind: z.enum(OVERRIDE_KINDS),
      created_at: z.number(),
      expires_at: z.number().nullable(),
      extend_to: z.number().nullable(),
    }),
  ),
});
const idListSchema = z.array(z.string());

/** A fact as D1 has it. */
export type FactRow = typeof progress.$inferSelect;
/** The columns of a row that make the mirror. */
export type MirrorRow = Pick<
  typeof enrollments.$inferSelect,
  | "id"
  | "course_slug"
  | "user_id"
  | "status"
  | "withdrawn_at"
  | "enrolled_at"
  | "kept"
  | "policy"
  | "earned"
  | "version"
  | "progress_seq"
  | "policy_seq"
  | "course_version"
  | "activation"
  | "engine"
  | "computed_at"
>;

/** A row and its facts as what they say. */
export function toMirrored(row: MirrorRow, facts: readonly FactRow[]): MirroredEnrollment {
  const byItem = new Map<string, Fact>();
  for (const fact of facts) byItem.set(fact.item_id, fact);
  const { held, certified_at, kept_out, ...policy } =
    row.policy === ""
      ? { ...NO_POLICY, held: [], certified_at: null, kept_out: false }
      : policySchema.parse(JSON.parse(row.policy));
  return {
    id: row.id,
    course: row.course_slug,
    user: row.user_id,
    status: row.status,
    withdrawn_at: row.withdrawn_at,
    record: {
      enrolled_at: row.enrolled_at,
      facts: byItem,
      opened: new Set(idListSchema.parse(JSON.parse(row.kept))),
      policy,
    },
    held,
    certified_at,
    kept_out,
    earned: idListSchema.parse(JSON.parse(row.earned)),
    facts: facts.map(({ item_id, enrollment_id: _enrollment, ...fact }) => ({ item: item_id, ...fact })),
    version: row.version,
    progress_seq: row.progress_seq,
    policy_seq: row.policy_seq,
    course_version: row.course_version,
    activation: row.activation,
    engine: row.engine,
    computed_at: row.computed_at,
    stale_since: null,
  };
}

/**
 * The items that stay open when a course moves from the activation a learner last saw to `pointer`: none if any
 * activation in between relocked; otherwise those that were kept open, and those that the rules had opened
 * (`grandfather`).
 */
export function keptAcross(
  pointer: Activation,
  seen: { activation: number; kept: ReadonlySet<string>; earned: Iterable<string> },
): Set<string> {
  if (pointer.activation <= seen.activation) return new Set(seen.kept);
  if (pointer.last_relock > seen.activation) return new Set();
  return new Set([...seen.kept, ...seen.earned]);
}

/** Evaluates a mirrored enrollment on a course version. */
export function mirroredView(mirror: MirroredEnrollment, pointer: Activation, program: Program, now: number): View {
  const opened = keptAcross(pointer, {
    activation: mirror.activation,
    kept: mirror.record.opened,
    earned: mirror.earned,
  });
  const learner = layOut(program, { ...mirror.record, opened }, now);
  const certifiedAt = mirror.certified_at ?? null;
  return { program, learner, evaluation: evaluate(program, learner, now), now, certifiedAt };
}
