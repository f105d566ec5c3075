import type { LockedProblem, Problem } from "./types.ts";

/** The API's answer to what it refuses (RFC 9457), or what stands for it where something else answered. */
export type ProblemDocument = Pick<Problem, "status" | "code" | "title"> & Partial<Problem>;

/** One broken rule of a request: where, which, and what to do. */
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

/** What the refusal of a locked item says; null for any other fault. */
export function lockIn(fault: unknown): LockedProblem | null {
  // SAFETY: the API's document gives every problem with this code this form, and its tests compare.
  return isRefusal(fault, "locked") ? (fault.problem as LockedProblem) : null;
}

/** Codes that say the same to a visitor: there is nothing at this address. */
const ABSENT = new Set(["not_found", "course_not_found", "item_not_found"]);

/** Whether a fault says that the address names nothing, which no second try changes; also where it could not be a name. */
export function isAbsent(fault: unknown): fault is ApiProblem {
  if (!(fault instanceof ApiProblem)) return false;
  const { code, errors = [] } = fault.problem;
  const isNoName =
    code === "invalid_input" && errors.length > 0 && errors.every(({ path }) => path.startsWith("param"));
  return ABSENT.has(code) || isNoName;
}
