import { parseArgs } from "node:util";
import { ERRORS, type ErrorCode } from "../../../src/platform/error-codes.ts";
import { ImportError as CommandError, list, say, UsageError } from "../import/report.ts";

export { CommandError, say, UsageError };

/** Where `npm start` serves. */
export const DEFAULT_URL = "http://localhost:8787";

/** How a command ends, by what it was refused for: so that a script knows what happened. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  restore_target_not_empty: 3,
  restore_erasures_unknown: 4,
  backup_incomplete: 10,
  backup_manifest_tampered: 11,
  backup_part_missing: 12,
  backup_part_truncated: 13,
  backup_part_damaged: 14,
  backup_part_swapped: 15,
  backup_schema_mismatch: 16,
  restore_differs: 17,
  erasures_tampered: 18,
  backup_link_missing: 19,
  shards_full: 20,
};

/** The server, or the files, do not do what was asked, and say why by a code of the registry. */
export class RefusedError extends CommandError {
  readonly code: string;
  constructor(code: string, detail: string | undefined) {
    const known = Object.entries(ERRORS).find(([name]) => name === code)?.[1];
    super(`${code}: ${known?.title ?? "refused"}${detail === undefined ? "" : ` (${detail})`}`);
    this.code = code;
  }
}

/** Reads the options of a command; every one takes a value, but for --help and the switches. */
export function optionsOf<Name extends string, Switch extends string = never>(
  names: readonly Name[],
  switches: readonly Switch[] = [],
): Partial<Record<Name | Switch | "help", string>> {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
    const flags = Object.fromEntries(switches.map((name) => [name, { type: "boolean" as const }]));
    const { values } = parseArgs({ options: { ...options, ...flags, help: { type: "boolean", short: "h" } } });
    const texts = Object.entries(values).map(([name, value]) => [name, String(value)]);
    return Object.fromEntries(texts);
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

/** An address without its trailing slashes. */
export function addressOf(option: string, url: string): string {
  const address = url.replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? ""))
    throw new UsageError(`${option} must be an http(s) address.`);
  return address;
}

/**
 * Runs a command to its end: its result is printed as JSON on stdout, and what kept it from having one on stderr, with an
 * exit code of its own for each refusal.
 */
export async function runCommand(usage: string, run: () => Promise<object | null>): Promise<void> {
  try {
    const result = await run();
    process.stdout.write(result === null ? usage : `${JSON.stringify(result, null, 2)}\n`);
  } catch (fault) {
    if (!(fault instanceof CommandError)) throw fault;
    say(fault.message);
    list(fault.errors, "-");
    const code = Object.entries(EXIT_CODES).find(([name]) => fault instanceof RefusedError && name === fault.code)?.[1];
    process.exitCode = fault instanceof UsageError ? 2 : (code ?? 1);
  }
}
