import type { z } from "zod";
import type { FieldError } from "./results.ts";

/** Most broken rules listed of one input: the first ones say what is wrong with it. */
const MAX_LISTED = 100;

/** Turns zod issues into field errors with paths like `chapters[2].rule`. At most {@link MAX_LISTED} are listed. */
export function zodErrors(error: { issues: readonly z.core.$ZodIssue[] }, prefix = ""): FieldError[] {
  return error.issues.slice(0, MAX_LISTED).map((issue) => ({
    path: jsonPath(issue.path, prefix),
    rule: ruleOf(issue),
    message: issue.message,
  }));
}

/** The rule a schema names itself (`params.rule`), else zod's own word for it. */
function ruleOf(issue: z.core.$ZodIssue): string {
  const named: unknown = issue.code === "custom" ? issue.params?.rule : undefined;
  return typeof named === "string" ? named : (issue.code ?? "custom");
}

/** `["chapters", 2, "rule"]` to `chapters[2].rule`. */
export function jsonPath(path: readonly PropertyKey[], prefix = ""): string {
  let text = prefix;
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}
