import { z } from "zod";

const totalsSchema = z.object({ passed: z.int(), failed: z.int(), skipped: z.int() });

export type Totals = z.infer<typeof totalsSchema>;

export const NO_TESTS: Totals = { passed: 0, failed: 0, skipped: 0 };

/** The file descriptor on which the reporter of a run tells how far it is: one JSON object a line. */
export const CHANNEL = 3;

/** The exit code of a run that the reporter has ended: what it told is all that is known, and files may be left. */
export const ENDED_EARLY = 75;

const fromReporterSchema = z.discriminatedUnion("event", [
  /** All files of the run, by their path from the root of the repository. */
  z.object({ event: z.literal("begin"), files: z.array(z.string()) }),
  /** A test begins. */
  z.object({ event: z.literal("alive") }),
  /** A file has ended; `failed` names its failed tests, and itself where it failed without one. */
  z.object({ event: z.literal("end"), file: z.string(), totals: totalsSchema, failed: z.array(z.string()) }),
]);

export type FromReporter = z.infer<typeof fromReporterSchema>;

/** What is known of the files of a project, over all its runs. */
export class Progress {
  #files: readonly string[] = [];
  readonly #ended = new Map<string, { totals: Totals; failed: readonly string[] }>();
  #rest = "";
  #decoder = new TextDecoder();

  /** @param bytes what came on the channel; a line, and a character, may come in pieces. */
  hear(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = fromReporterSchema.parse(JSON.parse(line));
      if (message.event === "begin" && this.#files.length === 0) this.#files = message.files;
      if (message.event === "end") this.#ended.set(message.file, message);
    }
  }

  /** Another run begins: what the last one left unsaid never comes. */
  anew(): void {
    this.#rest = "";
    this.#decoder = new TextDecoder();
  }

  get ended(): number {
    return this.#ended.size;
  }

  /** The files that have not ended; null while not even their names are known. */
  remaining(): string[] | null {
    return this.#files.length === 0 ? null : this.#files.filter((file) => !this.#ended.has(file));
  }

  /** The tests that failed, each with its file. */
  get failed(): string[] {
    return [...this.#ended.values()].flatMap(({ failed }) => failed);
  }

  /**
   * Counts all that ended. A project that failed without a failed test (an unhandled rejection, a run that never ended)
   * counts as one failure, and so does one without any test: silence is no success.
   * @param code with which its last run exited.
   * @param mayBeEmpty a filter was given, which may fit no test of this project.
   */
  totals(code: number, mayBeEmpty: boolean): Totals {
    const sum = [...this.#ended.values()].map(({ totals }) => totals).reduce(addTotals, NO_TESTS);
    const isEmpty = sum.passed + sum.failed + sum.skipped === 0;
    const isHidden = sum.failed === 0 && (code !== 0 || (isEmpty && !mayBeEmpty));
    return isHidden ? { ...sum, failed: 1 } : sum;
  }
}

export function addTotals(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The one form of the line that ends a run. */
export function describeTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
