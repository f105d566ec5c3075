import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fetch, type Request, Response } from "miniflare";
import type { VersionRuntime } from "./runtime.ts";
import type { Account, Script, Version } from "./state.ts";

// The edge of the fake platform: it splits requests over the versions of the current deployment, serves assets, and
// counts what each version answered, uncaught exceptions included.

/** Upper bounds of the latency buckets, seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Longest wait for requests that are under way, and how often they are looked at, milliseconds. */
const REST_MS = 10_000;
const REST_POLL_MS = 10;
const OVERRIDES = "cloudflare-workers-version-overrides";

interface Counts {
  byStatus: Map<number, number>;
  buckets: number[];
  seconds: number;
}

export class Edge {
  readonly server: Server;
  readonly #account: Account;
  readonly #runtime: VersionRuntime;
  readonly #counts = new Map<string, Counts>();
  /** Requests that have not been answered yet. What one forwards to another Worker is part of it. */
  readonly #underWay = new Set<ServerResponse>();
  /** Requests wait for it while the runtime changes. */
  #ready: Promise<unknown> = Promise.resolve();

  constructor(account: Account, runtime: VersionRuntime) {
    this.#account = account;
    this.#runtime = runtime;
    this.server = createServer((incoming, outgoing) => {
      void this.#ready.then(() => {
        this.#underWay.add(outgoing);
        outgoing.once("close", () => this.#underWay.delete(outgoing));
        this.#handle(incoming, outgoing);
      });
    });
  }

  /** Lets requests wait until `work` is done, which begins when those that are under way have been answered. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#atRest().then(work);
    this.#ready = done.catch(() => {});
    return done;
  }

  async #atRest(): Promise<void> {
    const deadline = Date.now() + REST_MS;
    while (this.#underWay.size > 0 && Date.now() < deadline) await sleep(REST_POLL_MS);
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const script = [...this.#account.scripts.values()].find(
      ({ name, deployments }) => deployments.length > 0 && !name.endsWith("-back"),
    );
    const version = script === undefined ? undefined : this.#choose(script, incoming.headers[OVERRIDES]);
    if (script === undefined || version === undefined) {
      outgoing.writeHead(404).end("There is nothing here yet");
      return;
    }
    const url = incoming.url ?? "/";
    if (url === "/metrics") {
      outgoing.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(this.metrics());
      return;
    }
    const [path = "/"] = url.split("?");
    const asset = isForWorker(path) ? undefined : (version.assets.get(path) ?? version.assets.get("/index.html"));
    if (asset !== undefined) {
      outgoing.writeHead(200, { "content-type": asset.type }).end(asset.body);
      return;
    }
    this.#forward(version, incoming, outgoing);
  }

  /** Has a Worker answer that another one is bound to. Its versions have their shares there too. */
  async call(name: string, request: Request): Promise<Response> {
    const script = this.#account.scripts.get(name);
    const asked = request.headers.get(OVERRIDES) ?? undefined;
    const version = script === undefined ? undefined : this.#choose(script, asked);
    const address = version === undefined ? undefined : this.#runtime.addressOf(version.id);
    if (version === undefined || address === undefined) return new Response("error code: 1042", { status: 500 });
    const { pathname, search } = new URL(request.url);
    const started = performance.now();
    const answer = await fetch(`${address}${pathname}${search}`, {
      method: request.method,
      headers: request.headers,
      redirect: "manual",
      ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
    });
    this.#count(version.id, answer.status, (performance.now() - started) / 1_000);
    return answer;
  }

  /** A version of the current deployment: the one asked for by name, else by share. */
  #choose(script: Script, override: string | string[] | undefined): Version | undefined {
    const shares = script.deployments[0]?.versions ?? [];
    // A dictionary of RFC 8941: name="version". What is not deployed is ignored, as there.
    const asked = new RegExp(`(?:^|[,\\s])${script.name}="([^"]+)"`).exec(String(override ?? ""))?.[1];
    const named = shares.find(({ version_id }) => version_id === asked);
    if (named !== undefined) return this.#account.version(script, named.version_id);
    let point = Math.random() * 100;
    for (const { version_id, percentage } of shares) {
      point -= percentage;
      if (point < 0) return this.#account.version(script, version_id);
    }
    return undefined;
  }

  #forward(version: Version, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const started = performance.now();
    const answered = (status: number) => this.#count(version.id, status, (performance.now() - started) / 1_000);
    const target = request(
      `${this.#runtime.addressOf(version.id) ?? "http://127.0.0.1:1"}${incoming.url ?? "/"}`,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        answered(answer.statusCode ?? 500);
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    target.once("error", () => {
      answered(500);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end("error code: 1101");
    });
    incoming.pipe(target);
  }

  #count(version: string, status: number, seconds: number): void {
    const counts = this.#counts.get(version) ?? { byStatus: new Map(), buckets: BUCKETS.map(() => 0), seconds: 0 };
    this.#counts.set(version, counts);
    counts.byStatus.set(status, (counts.byStatus.get(status) ?? 0) + 1);
    counts.seconds += seconds;
    const at = BUCKETS.findIndex((bound) => seconds <= bound);
    if (at >= 0) counts.buckets[at] = (counts.buckets[at] ?? 0) + 1;
  }

  /** What was counted, as Latchkey's own /metrics says it. */
  metrics(): string {
    const lines = ["# TYPE version_requests_total counter", "# TYPE version_request_duration_seconds histogram"];
    for (const [version, { byStatus, buckets, seconds }] of this.#counts) {
      for (const [status, count] of byStatus) {
        lines.push(
          `version_requests_total{route="/edge",method="ANY",status="${status}",version="${version}"} ${count}`,
        );
      }
      let below = 0;
      const total = [...byStatus.values()].reduce((sum, count) => sum + count, 0);
      for (const [at, bound] of BUCKETS.entries()) {
        below += buckets[at] ?? 0;
        lines.push(
          `version_request_duration_seconds_bucket{route="/edge",version="${version}",le="${bound}"} ${below}`,
        );
      }
      lines.push(`version_request_duration_seconds_bucket{route="/edge",version="${version}",le="+Inf"} ${total}`);
      lines.push(`version_request_duration_seconds_sum{route="/edge",version="${version}"} ${seconds}`);
      lines.push(`version_request_duration_seconds_count{route="/edge",version="${version}"} ${total}`);
    }
    return `${lines.join("\n")}\n`;
  }

  /** Requests and answers of 500 and above, by version. */
  totals(): Record<string, { requests: number; errors: number }> {
    return Object.fromEntries(
      [...this.#counts].map(([version, { byStatus }]) => {
        const entries = [...byStatus];
        const errors = entries.filter(([status]) => status >= 500);
        return [version, { requests: sum(entries), errors: sum(errors) }];
      }),
    );
  }
}

function sum(entries: readonly (readonly [number, number])[]): number {
  return entries.reduce((total, [, count]) => total + count, 0);
}

/** `run_worker_first` of wrangler.toml: all but the files and addresses of the pages. */
function isForWorker(path: string): boolean {
  return !/^\/((index\.html|favicon\.svg|sign-in\/?|courses|author|operator\/?|grading|observed\/?)?$|(assets|courses|author|grading|invite|certificates)\/)/.test(
    path,
  );
}
