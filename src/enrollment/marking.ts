import { z } from "@hono/zod-openapi";
import type { DeclaredRefusal } from "../platform/http/declared-refusals.ts";
import { type Refusal, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import { completionOfItem, missingSchema, type View } from "../unlock/index.ts";

/** Further fields of the refusal to mark an item. */
export const INCOMPLETE = {
  code: "incomplete",
  name: "IncompleteProblem",
  members: { item: z.string(), missing: z.array(missingSchema) },
} as const satisfies DeclaredRefusal;

/** Refuses to mark an item as done at its learner's request if its requirement asks for something else. */
export function refuseMark(view: View, item: number, language: Language): { ok: false; refusal: Refusal } | null {
  const completion = completionOfItem(view, item, language);
  if (completion === null || completion.takes_mark || completion.missing.length === 0) return null;
  const { missing, description } = completion;
  return refuse("incomplete", { detail: description, extra: { item: view.program.ids[item] ?? "", missing } });
}
