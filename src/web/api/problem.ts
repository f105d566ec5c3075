import type { LockedProblem, Problem } from "./types.ts";

/** A refusal by the API (RFC 9457), or a substitute for it if something else answered. */
export type ProblemDocument = Pick<Problem, "status" | "code" | "title"> & Partial<Problem>;

/** One broken rule of a request: the place, the rule, and what to do. */
export type FieldError = NonNullable<Problem["errors"]>[number];

/** A refusal by the API; `problem` says why. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  override readonly name = "OfflineError";
}

/** Whether a fault is a refusal with this code. */
export function isRefusal(fault: unknown, code: string): fault is ApiProblem {
  return fault instanceof ApiProblem && fault.problem.code === code;
}

/** The content of a refusal because of a locked item; null for any other fault. */
export function lockIn(fault: unknown): LockedProblem | null {
  // SAFETY: the API's document gives every problem with this code this form, and its tests compare.
  return isRefusal(fault, "locked") ? (fault.problem as LockedProblem) : null;
}

/** Codes with the same meaning for a visitor: there is nothing at this address. */
const ABSENT = new Set(["not_found", "course_not_found", "item_not_found"]);

/**
 * Whether a fault means that the address names nothing, so that trying again cannot help; also if it is not a valid
 * name.
 */
export function isAbsent(fault: unknown): fault is ApiProblem {
  if (!(fault instanceof ApiProblem)) return false;
  const { code, errors = [] } = fault.problem;
  const isNoName =
    code === "invalid_input" && errors.length > 0 && errors.every(({ path }) => path.startsWith("param"));
  return ABSENT.has(code) || isNoName;
}
