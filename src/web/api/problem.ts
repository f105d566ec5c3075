/** One broken rule of a request: where, which, and what to do. */
export interface FieldError {
  path: string;
  rule: string;
  message: string;
}

/** The API's answer to what it refuses (RFC 9457). */
export interface ProblemDocument {
  status: number;
  code: string;
  title: string;
  detail?: string;
  errors?: FieldError[];
  request_id?: string;
}

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
