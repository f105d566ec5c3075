import { writeSync } from "node:fs";
import type { Reporter, TestModule, TestSpecification } from "vitest/node";
import { CHANNEL, ENDED_EARLY, type FromReporter, type Totals } from "./test-totals.ts";

/** How long vitest may take from the end of a file to the next one or to its own end, milliseconds. It takes a few seconds. */
const SETTLE_MS = 30_000;

/**
 * Tells `npm test` as it goes which files there are, which have ended and how, and that tests go on at all: the runner of
 * tests inside workerd can wait without end for an isolate that has gone, and what had ended before need not run again.
 *
 * It also ends a run that begins no file and does not end by itself, which is how such a runner most often waits. Failures
 * are printed then, because vitest prints them only at an end that does not come.
 */
export default class EndedReporter implements Reporter {
  readonly #ended: TestModule[] = [];
  readonly #begun = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    tell({
      event: "begin",
      files: specifications.map(({ project, moduleId }) => relativeTo(project.config.root, moduleId)),
    });
  }

  onTestModuleQueued(module: TestModule): void {
    this.#begun.add(module.moduleId);
    clearTimeout(this.#timer);
    tell({ event: "alive" });
  }

  onTestCaseReady(): void {
    tell({ event: "alive" });
  }

  onTestModuleEnd(module: TestModule): void {
    this.#ended.push(module);
    const failed = [...module.children.allTests("failed")].map(
      (test) => `${module.relativeModuleId} > ${test.fullName}`,
    );
    const totals = totalsOf(module);
    if (totals.failed > failed.length) failed.push(module.relativeModuleId);
    tell({ event: "end", file: module.relativeModuleId, totals, failed });
    if (this.#ended.length === this.#begun.size) this.#timer = setTimeout(() => this.#finish(), SETTLE_MS);
  }

  onTestRunEnd(): void {
    clearTimeout(this.#timer);
  }

  #finish(): never {
    for (const module of this.#ended) printFaults(module);
    console.error(
      `\nNo test file is running, but the runner has not ended within ${SETTLE_MS / 1_000} s; it is ended now.\n`,
    );
    process.exit(ENDED_EARLY);
  }
}

function tell(message: FromReporter): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

function relativeTo(root: string, file: string): string {
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
}

/** A file that could not be loaded, or whose hooks failed, counts as one failure where none of its tests failed. */
function totalsOf(module: TestModule): Totals {
  const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const test of module.children.allTests()) counts[test.result().state] += 1;
  const hidden = counts.failed === 0 && module.state() === "failed" ? 1 : 0;
  return { passed: counts.passed, failed: counts.failed + hidden, skipped: counts.skipped + counts.pending };
}

function printFaults(module: TestModule): void {
  for (const fault of module.errors()) {
    console.error(`FAIL ${module.relativeModuleId}\n${fault.stack ?? fault.message}`);
  }
  for (const test of module.children.allTests()) {
    for (const fault of test.result().errors ?? []) {
      console.error(`FAIL ${module.relativeModuleId} > ${test.fullName}\n${fault.stack ?? fault.message}`);
    }
  }
}
