import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { cpuOf } from "./cpu.ts";

const SCRIPT = fromRoot("bench/lib/wrk.lua");

export interface BenchRequest {
  method?: "GET" | "POST";
  path: string;
  token?: string;
  etag?: string;
  body?: unknown;
}

export interface Load {
  connections: number;
  requests: number;
  perSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Answers with a status of 400 or more, and failures of the connection. */
  errors: number;
  bytesPerAnswer: number;
  /** CPU seconds of the server per 1,000 requests. */
  cpuPer1000: number;
}

const resultSchema = z.object({
  requests: z.number(),
  duration_us: z.number(),
  p50_us: z.number(),
  p95_us: z.number(),
  p99_us: z.number(),
  status_errors: z.number(),
  socket_errors: z.number(),
  timeouts: z.number(),
  bytes: z.number(),
});

/**
 * One bounded load by wrk, a process of its own with one thread, in a closed loop.
 * @param options.once sends each request once and stops when none is left or the time is over.
 * @param options.all that none is left is what is wanted: the rate is of no interest.
 * @param options.pid the server's process, whose CPU time is counted.
 */
export async function load(
  url: string,
  requests: readonly BenchRequest[],
  options: { connections: number; seconds: number; pid: number; once?: boolean; all?: boolean },
): Promise<Load> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-bench-load-"));
  try {
    const file = join(directory, "requests.tsv");
    writeFileSync(file, requests.map(toLine).join("\n"));
    const { connections, seconds, pid } = options;
    const before = cpuOf(pid);
    const text = await runWrk([
      ...["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "--timeout", "30s", "-s", SCRIPT, url],
      ...["--", file, options.once === true ? "once" : "round"],
    ]);
    const cpu = cpuOf(pid) - before;
    const line = /^RESULT (.*)$/m.exec(text)?.[1];
    if (line === undefined) throw new Error(`wrk gave no result:\n${text}`);
    const result = resultSchema.parse(JSON.parse(line));
    // A load that ran out of requests before its time says nothing about the rate.
    if (options.once === true && options.all !== true && result.requests >= requests.length)
      throw new Error("the load ran out of requests");
    return {
      connections,
      requests: result.requests,
      perSecond: result.requests / (result.duration_us / 1e6),
      p50Ms: result.p50_us / 1_000,
      p95Ms: result.p95_us / 1_000,
      p99Ms: result.p99_us / 1_000,
      errors: result.status_errors + result.socket_errors + result.timeouts,
      bytesPerAnswer: result.bytes / Math.max(result.requests, 1),
      cpuPer1000: (cpu / Math.max(result.requests, 1)) * 1_000,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function toLine({ method = "GET", path, token = "-", etag = "-", body }: BenchRequest): string {
  return [method, path, token, etag, body === undefined ? "-" : JSON.stringify(body)].join("\t");
}

/** @throws when wrk is not installed or fails. */
function runWrk(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    }
    child.once("error", () => reject(new Error("wrk cannot be run; it is Debian's package wrk")));
    child.once("close", (code) => (code === 0 ? resolve(text) : reject(new Error(`wrk failed:\n${text}`))));
  });
}
