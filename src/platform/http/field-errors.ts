import type { z } from "zod";
import type { FieldError } from "../results.ts";

/** At most this many broken rules are listed for one input: the first ones show what is wrong with it. */
const MAX_LISTED = 100;

/** Turns zod issues into field errors with paths like `chapters[2].rule`. At most {@link MAX_LISTED} are listed. */
export function zodErrors(error: { issues: readonly z.core.$ZodIssue[] }, prefix = ""): FieldError[] {
  return brokenRules(error).map(({ path, rule, message }) => ({ path: jsonPath(path, prefix), rule, message }));
}

/** The same with paths in steps, for schemas that delegate to others. Each unknown field gets its own error. */
export function brokenRules(error: {
  issues: readonly z.core.$ZodIssue[];
}): { path: PropertyKey[]; rule: string; message: string }[] {
  const errors = error.issues.slice(0, MAX_LISTED).flatMap((issue) => {
    const rule = ruleOf(issue);
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, rule, message: issue.message }];
    const keys = issue.keys.slice(0, MAX_LISTED);
    return keys.map((key) => ({ path: [...issue.path, key], rule, message: "there is no such field" }));
  });
  return errors.slice(0, MAX_LISTED);
}

/** For a schema with its own rule: the rule's name, which errors carry, and a sentence. */
export function broken(rule: string, message: string): { error: string; params: { rule: string } } {
  return { error: message, params: { rule } };
}

/** The rule that a schema names itself (see {@link broken}), else zod's own word for it. */
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
