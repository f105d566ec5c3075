import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell, spread, spreadCell, type Table } from "./lib/bench.ts";
import { contest, ratios, type Standing } from "./lib/contest.ts";
import { cpuOf } from "./lib/cpu.ts";
import { CHAPTERS, writeCourse } from "./lib/dataset.ts";
import { must, names, School } from "./lib/school.ts";
import { buildBundles, type Server, startServer } from "./lib/server.ts";
import { type BenchRequest, load } from "./lib/wrk.ts";

const COURSE = "write";
const CONNECTIONS = [1, 25, 100];
/** Learners of one run: each completes every chapter at most once, so a run has 50 times as many writes to send. */
const LEARNERS_A_RUN = 80;
/** Asked for: acknowledged writes beside the bare one-row write. */
const WRITE_SHARE = 0.6;
/** Writes whose way to D1 is timed, one at a time. */
const FAN_OUTS = 20;
const POLL_MS = 10;
const FAN_OUT_TIMEOUT_MS = 30_000;
/** A run is over before the queue delivers what it has caused; fewer messages than fill a batch, one per learner. */
const GATHER_S = 5;
/** Between runs: the queue delivers, and D1 and confirmations are done. */
const DRAIN_MS = 6_000;

const rowsSchema = z.object({ results: z.array(z.object({ user_id: z.string(), completed_count: z.int() })) });

export const writeBench: Bench = {
  name: "write",
  about: "completing an item to its durable acknowledgement, beside a bare one-row write; the way on to D1",
  async run(context) {
    context.say("building the Worker");
    const bundles = await buildBundles();
    const withServer = async <T>(queueSeconds: number | null, work: (server: Server) => Promise<T>): Promise<T> => {
      const stateDir = await freshState();
      const server = await startServer(bundles, stateDir, { bindings: { SHADOW_SAMPLE_RATE: "0" }, queueSeconds });
      try {
        return await work(server);
      } finally {
        await server.stop();
        removeState(stateDir);
      }
    };
    // Where D1 and the queues are other machines, what a write causes there takes nothing from its acknowledgement. Here
    // they are imitated in the same thread: so acknowledgements are measured while the queue gathers, and once more
    // with everything flowing.
    const gathered = await withServer(GATHER_S, (server) =>
      measure(context, server, context.quick ? [25] : CONNECTIONS, context.quick ? 1 : 3),
    );
    context.say("the same with everything flowing");
    const flowing = await withServer(null, async (server) => ({
      ...(await measure(context, server, [25], context.quick ? 1 : 3)),
      fanOuts: await timeFanOuts(server, context.quick ? 3 : FAN_OUTS),
    }));
    return outcomeOf(gathered, flowing);
  },
};

interface Measured {
  at: { connections: number; standings: Standing[] }[];
  /** CPU seconds per 1,000 writes, with what they cause until it is over. */
  cpuWithFanOut: number[];
  enrolledPerSecond: number;
}

async function measure(
  { say, quick }: BenchContext,
  server: Server,
  connections: readonly number[],
  rounds: number,
): Promise<Measured> {
  const school = await School.open(server);
  const course = writeCourse(COURSE);
  await school.publish(course);
  const seconds = quick ? 1 : 4;
  const users = names("writer", LEARNERS_A_RUN * (connections.length * rounds + 1));
  say(`enrolling ${users.length} learners`);
  const started = performance.now();
  const tokens = await school.enroll(COURSE, users);
  const enrolledPerSecond = users.length / ((performance.now() - started) / 1_000);
  for (const user of users) await must(putBare(server, user));
  await sleep(DRAIN_MS);

  const pid = server.workerd();
  /** Every run has learners of its own. Chapter by chapter, so that one learner's writes stand far apart. */
  const linesOf = (run: number, line: (user: string, token: string, chapter: string) => BenchRequest): BenchRequest[] =>
    Array.from({ length: CHAPTERS }, (_, chapter) =>
      Array.from({ length: LEARNERS_A_RUN }, (_, learner) => {
        const at = run * LEARNERS_A_RUN + learner;
        return line(users[at] ?? "", tokens[at] ?? "", course.chapters[chapter] ?? "");
      }),
    ).flat();
  const bareWrite = (user: string, _token: string, chapter: string): BenchRequest => ({
    method: "POST",
    path: `/object/${user}/${chapter}`,
  });
  const completion = (_user: string, token: string, chapter: string): BenchRequest => ({
    method: "POST",
    path: `/api/v1/courses/${COURSE}/chapters/${chapter}/mark_as_completed/`,
    token,
  });
  say("warming up");
  const last = connections.length * rounds;
  await load(server.url, linesOf(last, completion), { connections: 25, seconds: 2, pid, once: true });
  await load(server.baseline, linesOf(last, bareWrite), { connections: 25, seconds: 1, pid });
  await sleep(DRAIN_MS);

  const at: Measured["at"] = [];
  const cpuWithFanOut: number[] = [];
  for (const [position, width] of connections.entries()) {
    say(`${width} connections`);
    const standings = await contest(
      [
        {
          name: "bare one-row write",
          run: (round) =>
            load(server.baseline, linesOf(position * rounds + round, bareWrite), { connections: width, seconds, pid }),
        },
        {
          name: "completion",
          async run(round) {
            const before = cpuOf(pid);
            const requests = linesOf(position * rounds + round, completion);
            const result = await load(server.url, requests, { connections: width, seconds, pid, once: true });
            await sleep(DRAIN_MS);
            cpuWithFanOut.push(((cpuOf(pid) - before) / result.requests) * 1_000);
            return result;
          },
        },
      ],
      rounds,
      say,
    );
    at.push({ connections: width, standings });
  }
  return { at, cpuWithFanOut, enrolledPerSecond };
}

function outcomeOf(gathered: Measured, flowing: Measured & { fanOuts: number[] }): BenchOutcome {
  const share = (standings: readonly Standing[]) => spread(ratios(standings[1], standings[0], (one) => one.perSecond));
  const most = gathered.at.at(-1);
  if (most === undefined) throw new Error("nothing was measured");
  const tableOf = (title: string, standings: readonly Standing[]): Table => ({
    title,
    columns: ["", "acknowledged a second", "p50 ms", "p99 ms", "CPU s per 1,000", "share of the bare write"],
    rows: standings.map(({ name, loads }, index) => [
      name,
      spreadCell(spread(loads.map((one) => one.perSecond))),
      spreadCell(spread(loads.map((one) => one.p50Ms))),
      spreadCell(spread(loads.map((one) => one.p99Ms))),
      spreadCell(spread(loads.map((one) => one.cpuPer1000))),
      index === 0 ? "1" : spreadCell(share(standings)),
    ]),
  });
  return {
    tables: [
      ...gathered.at.map(({ connections, standings }) =>
        tableOf(`Writes, ${connections} connection${connections === 1 ? "" : "s"}`, standings),
      ),
      ...flowing.at.map(({ connections, standings }) =>
        tableOf(`Writes, ${connections} connections, with D1 and queues in the same thread`, standings),
      ),
    ],
    charts: [
      {
        file: "write-throughput",
        title: "Writes acknowledged a second",
        x: { label: "connections" },
        y: { label: "writes a second" },
        series: most.standings.map(({ name }, index) => ({
          name,
          points: gathered.at.map(({ connections, standings }) => {
            const { median, low, high } = spread((standings[index]?.loads ?? []).map((one) => one.perSecond));
            return { x: connections, y: median, low, high };
          }),
        })),
      },
    ],
    targets: gathered.at.map(({ connections, standings }) => ({
      what: `Acknowledged completions beside the bare one-row write, ${connections} connection${connections === 1 ? "" : "s"}`,
      asked: `at least ${WRITE_SHARE}`,
      measured: spreadCell(share(standings)),
      met: share(standings).median >= WRITE_SHARE,
    })),
    notes: [
      "A completion is checked for its lock, merged, logged, evaluated, announced and noted for D1, in one transaction; its answer names the item it opened. State lies on the disk; each acknowledgement waits for it.",
      `With queue, D1 and confirmation flowing in the same thread: CPU ${spreadCell(spread(flowing.cpuWithFanOut))} s per 1,000 writes, all included.`,
      `From the acknowledgement to the row and the announcement in D1: ${spreadCell(spread(flowing.fanOuts))} ms; the queue gathers for up to 1,000 ms of it.`,
      `Enrolling, one by one, 8 at a time: ${cell(flowing.enrolledPerSecond)} a second.`,
    ],
  };
}

async function putBare(server: Server, user: string) {
  const answer = await fetch(`${server.baseline}/object/${user}`, { method: "PUT", body: "x" });
  return { request: `PUT ${user}`, status: answer.status, headers: answer.headers, body: null };
}

/** Milliseconds from the acknowledgement of a write to the moment D1 shows it. */
async function timeFanOuts(server: Server, count: number): Promise<number[]> {
  const school = await School.open(server);
  const course = writeCourse("fanout");
  await school.publish(course);
  const [token = ""] = await school.enroll(course.slug, ["watched"]);
  await sleep(DRAIN_MS);
  const times: number[] = [];
  for (let done = 1; done <= count; done += 1) {
    const path = `/api/v1/courses/fanout/chapters/${course.chapters[done]}/mark_as_completed/`;
    const answer = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    await answer.text();
    if (!answer.ok) throw new Error(`writing: ${answer.status}`);
    const acknowledged = performance.now();
    for (;;) {
      const page = rowsSchema.parse(await must(school.admin.get("/api/v1/courses/fanout/enrollments")));
      if ((page.results[0]?.completed_count ?? 0) >= done) break;
      if (performance.now() - acknowledged > FAN_OUT_TIMEOUT_MS) throw new Error("a write did not reach D1");
      await sleep(POLL_MS);
    }
    times.push(performance.now() - acknowledged);
  }
  return times;
}
