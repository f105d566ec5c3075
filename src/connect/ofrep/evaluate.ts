import { z } from "zod";
import { loadPermits } from "../../enrollment/index.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { keyOf } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { courseOfItem } from "../../platform/ids.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { reachesCourse } from "../../platform/scopes.ts";
import { inLanguage } from "../../platform/text.ts";
import type { Flag } from "./schemas.ts";

interface Consistency {
  min_seq?: number | undefined;
  max_stale?: number | undefined;
}

const statesSchema = z.object({
  states: z.record(z.string(), z.enum(["locked", "unlocked", "started", "completed"])),
});

/**
 * Every item that the learner sees, as a flag, with the validator of this answer. Hidden items are left out.
 * @returns null instead of the flags where the caller's own validator is of this answer.
 */
export async function flagsOf(c: AppContext, course: string, learner: string, { min_seq, max_stale }: Consistency) {
  if (!reachesCourse(keyOf(c), course)) return NOT_FOR_COURSE;
  const { readUnlocks } = await loadPermits();
  const read = await readUnlocks(c, course, { kind: "states" }, { learner, min_seq, max_stale });
  if (!read.ok) return read;
  const { snapshot, etag } = read.value;
  if (read.value.unchanged) return ok({ flags: null, etag, snapshot });
  if (read.value.content.kind !== "body") return refuse("internal");
  const { states } = statesSchema.parse(JSON.parse(new TextDecoder().decode(read.value.content.body)));
  const flags = Object.entries(states).map(
    ([key, variant]): Flag => ({ key, value: variant !== "locked", reason: "TARGETING_MATCH", variant }),
  );
  return ok({ flags, etag, snapshot });
}

/**
 * One item as a flag; a locked one says why.
 * @returns `item_not_found` also for an item that is hidden.
 */
export async function flagOf(
  c: AppContext,
  key: string,
  learner: string,
  { min_seq }: Consistency,
): Promise<Result<Flag>> {
  const course = courseOfItem(key);
  if (!reachesCourse(keyOf(c), course)) return NOT_FOR_COURSE;
  const { readUnlocks } = await loadPermits();
  const read = await readUnlocks(c, course, { kind: "why", item: key }, { learner, min_seq });
  const flag = { key, reason: "TARGETING_MATCH" as const };
  if (!read.ok && read.refusal.code === "not_enrolled") return ok({ ...flag, value: false, variant: "not_enrolled" });
  if (!read.ok) return read;
  if (read.value.unchanged || read.value.content.kind !== "why") return refuse("internal");
  const { is_locked, sentence } = read.value.content.explanation;
  if (!is_locked) return ok({ ...flag, value: true, variant: "unlocked" });
  return ok({ ...flag, value: false, variant: "locked", metadata: { why: inLanguage(sentence, languageOf(c)) } });
}

const NOT_FOR_COURSE = refuse("forbidden", { detail: "The key is not for this course." });
