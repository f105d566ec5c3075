import type { FieldError } from "../../../src/platform/results.ts";
import type { ApiAnswer } from "../api-client.ts";

/** Most errors printed; the first ones say what is wrong with a file. */
const MAX_PRINTED = 50;

/** A sentence for the person at the terminal, with the places it is about. */
export class ImportError extends Error {
  readonly errors: readonly FieldError[];

  constructor(message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.errors = errors;
  }
}

/** The command line itself is wrong, so the usage helps. */
export class UsageError extends ImportError {}

/** The innermost cause: `fetch` says only "fetch failed", and the system below it why. */
export function reason(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  if (fault.cause instanceof Error) return reason(fault.cause);
  const code = Reflect.get(fault, "code");
  return fault.message || (typeof code === "string" ? code : fault.name);
}

/** For the person at the terminal; stdout is for the result. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function list(errors: readonly FieldError[], sign: string): void {
  for (const { path, rule, message } of errors.slice(0, MAX_PRINTED)) {
    say(`  ${sign} ${path === "" ? "(the whole)" : path}: ${message} [${rule}]`);
  }
  if (errors.length > MAX_PRINTED) say(`  ${sign} and ${errors.length - MAX_PRINTED} more`);
}

/** What a refusal says, from its problem document (RFC 9457). */
export function refused(what: string, { status, body }: ApiAnswer): ImportError {
  const member = (name: string): unknown =>
    typeof body === "object" && body !== null ? Reflect.get(body, name) : null;
  const words = [member("title"), member("detail"), member("request_id")].filter((word) => typeof word === "string");
  const errors: unknown = member("errors");
  return new ImportError(
    `${what} was refused with ${status}: ${words.join("; ") || "no reason given"}.`,
    Array.isArray(errors) ? errors.filter(isFieldError) : [],
  );
}

function isFieldError(value: unknown): value is FieldError {
  if (typeof value !== "object" || value === null) return false;
  return ["path", "rule", "message"].every((name) => typeof Reflect.get(value, name) === "string");
}
