import { writeFileSync } from "node:fs";
import type { Reporter, TestModule, TestSpecification } from "vitest/node";

/** How long vitest may take to end after its last test file has, milliseconds. It takes one or two seconds. */
const SETTLE_MS = 30_000;

/**
 * Ends a run whose test files have all ended but which does not end by itself: the runner of tests inside workerd can wait
 * without end for its own runtime to stop. Nothing that was tested is lost: the results are those that vitest has reported.
 * Failures are printed, because vitest prints them only at an end that does not come.
 *
 * The file of totals, named by LATCHKEY_TEST_TOTALS, has the counts of vitest's own JSON report under the same names.
 */
export default class EndedReporter implements Reporter {
  readonly #ended: TestModule[] = [];
  #expected = 0;
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#expected = specifications.length;
  }

  onTestModuleEnd(module: TestModule): void {
    this.#ended.push(module);
    if (this.#ended.length === this.#expected) this.#timer = setTimeout(() => this.#finish(), SETTLE_MS);
  }

  onTestRunEnd(): void {
    clearTimeout(this.#timer);
  }

  #finish(): never {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = 0;
    for (const module of this.#ended) {
      for (const fault of module.errors()) {
        broken += 1;
        console.error(`FAIL ${module.relativeModuleId}\n${fault.stack ?? fault.message}`);
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state] += 1;
        for (const fault of errors ?? []) {
          console.error(`FAIL ${module.relativeModuleId} > ${test.fullName}\n${fault.stack ?? fault.message}`);
        }
      }
    }
    console.error(
      `\nEvery test file has ended, but the runner has not within ${SETTLE_MS / 1_000} s; it is ended now.\n`,
    );
    const file = process.env.LATCHKEY_TEST_TOTALS;
    if (file !== undefined) {
      const report = {
        numPassedTests: counts.passed,
        numFailedTests: counts.failed,
        numPendingTests: counts.skipped + counts.pending,
        numTodoTests: 0,
      };
      writeFileSync(file, JSON.stringify(report));
    }
    process.exit(counts.failed + broken === 0 ? 0 : 1);
  }
}
