import type { Part } from "../environments.ts";
import type { Figures } from "./figures.ts";
import { overrides, type Versions } from "./versions.ts";

/** Longest wait for one answer, milliseconds; none within it counts as failed. */
const TIMEOUT_MS = 15_000;
/** Asked in turn. All are reads, and none needs a token: what they are answered without one is known. */
const PATHS = ["/health", "/api/v1/courses", "/openapi.json", "/api/v1/nothing-here"];

/**
 * Requests of our own to versions asked for by name. They see what a Worker cannot count of itself (an exception that
 * nobody caught, a version that does not start), and they are there when users are not.
 */
export class Probes {
  readonly #url: string;
  readonly #scripts: Readonly<Record<Part, string>>;
  readonly #count: number;
  readonly #found = new Map<string, { requests: number; errors: number }>();
  #turn = 0;

  /** @param count requests to each version a look. */
  constructor(url: string, scripts: Readonly<Record<Part, string>>, count: number) {
    this.#url = url;
    this.#scripts = scripts;
    this.#count = count;
  }

  /** Asks each version, and @returns what all probes so far have seen, by the version of the edge, which they all reach. */
  async look(versions: readonly Versions[]): Promise<ReadonlyMap<string, Figures>> {
    const asked = versions.flatMap((version) => Array.from({ length: this.#count }, () => version));
    await Promise.all(asked.map((version) => this.#ask(version)));
    return new Map([...this.#found].map(([version, figures]) => [version, { ...figures, buckets: new Map() }]));
  }

  async #ask(version: Versions): Promise<void> {
    this.#turn += 1;
    const path = PATHS[this.#turn % PATHS.length] ?? "/health";
    const headers = overrides(this.#scripts, version);
    const isGood = await fetch(`${this.#url}${path}`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status < 500;
      },
      () => false,
    );
    const figures = this.#found.get(version.edge) ?? { requests: 0, errors: 0 };
    this.#found.set(version.edge, { requests: figures.requests + 1, errors: figures.errors + (isGood ? 0 : 1) });
  }
}
