import { z } from "zod";
import { type BenchOutcome, cell, type Target } from "../lib/bench.ts";
import type { Load } from "../lib/wrk.ts";

/** Connections of each load; the peers' driver has the same. */
export const CONNECTIONS = [25, 100];
export const COMPLETION = "POST mark_as_completed";
/** Asked for: a completion with all its effects beside the other build, CPU; beside Node and Django, throughput. */
const COMPLETION_CPU_SHARE = 0.25;
const COMPLETION_TIMES = { "node-pg": 0.6, django: 2 } as const;
/** Asked for, at 100 connections: how many times as many reads a second as each of Django's ways. */
const TIMES = { exists: 20, nplus1: 200, "snapshot, fresh": 3 } as const;

/** What the peers' driver writes. */
export const resultSchema = z.object({
  results: z.array(
    z.object({
      peer: z.string(),
      endpoint: z.string(),
      mode: z.string(),
      connections: z.int(),
      per_second: z.number().optional(),
      requests: z.number().optional(),
      p50_ms: z.number().optional(),
      p99_ms: z.number().optional(),
      errors: z.number().optional(),
    }),
  ),
});
export type PeerRow = z.infer<typeof resultSchema>["results"][number] & { cpuPer1000: number };
export interface OwnRow {
  endpoint: "GET chapters" | "GET problems" | typeof COMPLETION;
  load: Load;
  /** CPU seconds per 1,000 requests with all that they cause, until nothing is left to do. */
  cpuWithEffects: number;
}

/** One build, measured before and after the peers. */
export type Twice = readonly [before: readonly OwnRow[], after: readonly OwnRow[]];

/** One load of a build. Of the two measurements the slower one counts: no ratio below flatters us. */
function ownAt([before, after]: Twice, endpoint: string, connections: number) {
  const pick = (rows: readonly OwnRow[]) =>
    rows.find((row) => row.endpoint === endpoint && row.load.connections === connections);
  const [one, two] = [pick(before), pick(after)];
  if (one === undefined || two === undefined) throw new Error(`${endpoint} was not measured`);
  const [slow, fast] = one.load.perSecond < two.load.perSecond ? [one, two] : [two, one];
  return { ...slow.load, other: fast.load, cpuWithEffects: Math.max(one.cpuWithEffects, two.cpuWithEffects) };
}

/** Tables and targets. `other` is the build of another commit. */
export function outcomeOf(
  own: Twice,
  peers: readonly PeerRow[],
  other: { name: string; rows: Twice } | null,
): BenchOutcome {
  const rows = peers.map((peer) => {
    const ours = ownAt(own, peer.endpoint, peer.connections);
    return [
      `${peer.peer} ${peer.endpoint}, ${peer.mode}`,
      String(peer.connections),
      cell(peer.per_second ?? Number.NaN),
      cell(peer.p50_ms ?? Number.NaN),
      cell(peer.p99_ms ?? Number.NaN),
      cell(peer.cpuPer1000),
      `${cell(ours.perSecond / (peer.per_second ?? Number.NaN))} ×`,
      `${cell(peer.cpuPer1000 / ours.cpuWithEffects)} ×`,
    ];
  });
  const rowsOf = (name: string, build: Twice) =>
    build[0].map(({ endpoint, load: { connections } }) => {
      const one = ownAt(build, endpoint, connections);
      const ours = ownAt(own, endpoint, connections);
      return [
        `${name} ${endpoint}`,
        String(connections),
        `${cell(one.perSecond)} and ${cell(one.other.perSecond)}`,
        cell(one.p50Ms),
        cell(one.p99Ms),
        cell(one.cpuWithEffects),
        `${cell(ours.perSecond / one.perSecond)} ×`,
        `${cell(one.cpuWithEffects / ours.cpuWithEffects)} ×`,
      ];
    });
  const ownRows = [...rowsOf("Latchkey", own), ...(other === null ? [] : rowsOf(`Latchkey ${other.name}`, other.rows))];
  return {
    tables: [
      {
        title: "Latchkey beside its peers",
        columns: ["", "connections", "a second", "p50 ms", "p99 ms", "CPU s per 1,000", "Latchkey", "per CPU second"],
        rows: [...ownRows, ...rows],
      },
    ],
    charts: [],
    targets: [...readTargets(peers, own), ...completionTargets(peers, own, other)],
    notes: [
      "Latchkey: one workerd with one thread, measured before and after the peers, the slower of the two counts. Peers: two processes each, PostgreSQL and Redis beside them; Django verifies no token, Node verifies one on each request, Latchkey too.",
      "CPU counts every server process, database and cache included, not the load generator; of a completion with all that it causes, until the server rests. Latchkey's rows carry prerequisite progress and a sentence for each lock, so its bodies are larger.",
      "A column says how many times as many requests Latchkey answers, per second and per CPU second; below 1 the peer is ahead.",
    ],
  };
}

function readTargets(peers: readonly PeerRow[], own: Twice): Target[] {
  const most = CONNECTIONS.at(-1) ?? 0;
  const row = (peer: string, endpoint: string, mode: string) =>
    peers.find(
      (each) => each.peer === peer && each.endpoint === endpoint && each.mode === mode && each.connections === most,
    );
  const targets = Object.entries(TIMES).map(([mode, times]): Target => {
    const endpoint = mode === "nplus1" ? "GET problems" : "GET chapters";
    const ratio = ownAt(own, endpoint, most).perSecond / (row("django", endpoint, mode)?.per_second ?? Number.NaN);
    return {
      what: `${endpoint} at ${most} connections beside Django, ${mode}`,
      asked: `at least ${times} times`,
      measured: `${cell(ratio)} times`,
      met: ratio >= times,
    };
  });
  for (const endpoint of ["GET chapters", "GET problems"]) {
    const live = row("node-pg", endpoint, "live");
    const ratio = (live?.cpuPer1000 ?? Number.NaN) / ownAt(own, endpoint, most).cpuPer1000;
    targets.push({
      what: `${endpoint} at ${most} connections per CPU second beside Node with PostgreSQL`,
      asked: "ahead",
      measured: `${cell(ratio)} times`,
      met: ratio > 1,
    });
  }
  return targets;
}

/** Completions, with all that they cause. */
function completionTargets(
  peers: readonly PeerRow[],
  own: Twice,
  other: { name: string; rows: Twice } | null,
): Target[] {
  const beside = peers
    .filter(({ endpoint }) => endpoint === COMPLETION)
    .flatMap((peer): Target[] => {
      const ours = ownAt(own, COMPLETION, peer.connections);
      const name = `Completions at ${peer.connections} connections beside ${peer.peer}, ${peer.mode}`;
      const perSecond = ours.perSecond / (peer.per_second ?? Number.NaN);
      const perCpu = peer.cpuPer1000 / ours.cpuWithEffects;
      const times = COMPLETION_TIMES[peer.peer === "django" ? "django" : "node-pg"];
      return [
        { what: `${name}, a second`, asked: `at least ${times}`, measured: cell(perSecond), met: perSecond >= times },
        { what: `${name}, per CPU second`, asked: "ahead", measured: cell(perCpu), met: perCpu > 1 },
      ];
    });
  if (other === null) return beside;
  const most = CONNECTIONS.at(-1) ?? 0;
  const share = ownAt(own, COMPLETION, most).cpuWithEffects / ownAt(other.rows, COMPLETION, most).cpuWithEffects;
  return [
    {
      what: `CPU of a completion with all its effects beside ${other.name}`,
      asked: `at most ${COMPLETION_CPU_SHARE}`,
      measured: cell(share),
      met: share <= COMPLETION_CPU_SHARE,
    },
    ...beside,
  ];
}
