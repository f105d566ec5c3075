import { DrizzleQueryError } from "drizzle-orm";

/**
 * One JSON line per event. The fields follow the design: course_id, enrollment_id, user_id, latency_ms,
 * snapshot_version, source, request_id. Ids only; never a name, an address, an answer, a token or a query's parameters.
 */
export function logEvent(
  event: string,
  fields: Record<string, string | number | boolean | null | undefined> = {},
): void {
  console.log(JSON.stringify({ event, at: new Date().toISOString(), ...fields }));
}

/** A fault: logged with its cause chain, stripped of SQL parameters, and never sent to a client. */
export function logFault(
  event: string,
  fault: unknown,
  fields: Record<string, string | number | null | undefined> = {},
): void {
  console.error(JSON.stringify({ event, at: new Date().toISOString(), ...fields, fault: describeFault(fault) }));
}

/**
 * The `message` of drizzle's errors contains the statement with its parameters (personal data); their cause does not.
 */
export function describeFault(fault: unknown): string {
  if (!(fault instanceof Error)) return "a non-error was thrown";
  const cause = fault.cause;
  if (fault instanceof DrizzleQueryError && cause instanceof Error) return `database: ${cause.message}`;
  return `${fault.name}: ${fault.message}`;
}
