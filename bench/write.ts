import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell, spread, spreadCell } from "./lib/bench.ts";
import { contest, ratios, type Standing } from "./lib/contest.ts";
import { cpuOf } from "./lib/cpu.ts";
import { CHAPTERS, writeCourse } from "./lib/dataset.ts";
import { must, names, School } from "./lib/school.ts";
import { buildBundles, type Server, startServer } from "./lib/server.ts";
import { type BenchRequest, load } from "./lib/wrk.ts";

const COURSE = "write";
const CONNECTIONS = [1, 25, 100];
/** Learners of one run: each completes every chapter at most once, so a run has 50 times as many writes to send. */
const LEARNERS_A_RUN = 100;
/** Asked for: acknowledged writes beside the bare one-row write. */
const WRITE_SHARE = 0.6;
/** Writes whose way to D1 is timed, one at a time. */
const FAN_OUTS = 20;
const POLL_MS = 10;
const FAN_OUT_TIMEOUT_MS = 30_000;
/** The queue gathers for a second; twice that, and what a run has left behind is over. */
const DRAIN_MS = 4_000;

const rowsSchema = z.object({ results: z.array(z.object({ user_id: z.string(), completed_count: z.int() })) });

export const writeBench: Bench = {
  name: "write",
  about: "completing an item to its durable acknowledgement, beside a bare one-row write; the way on to D1",
  async run(context) {
    const stateDir = await freshState();
    context.say("building the Worker and starting workerd");
    // People are limited to 1,200 writes a minute; no learner comes near it here.
    const server = await startServer(await buildBundles(), stateDir, { bindings: { SHADOW_SAMPLE_RATE: "0" } });
    try {
      return await measure(context, server);
    } finally {
      await server.stop();
      removeState(stateDir);
    }
  },
};

async function measure({ say, quick }: BenchContext, server: Server): Promise<BenchOutcome> {
  const school = await School.open(server);
  const course = writeCourse(COURSE);
  await school.publish(course);
  const rounds = quick ? 1 : 5;
  const seconds = quick ? 1 : 4;
  const connections = quick ? [25] : CONNECTIONS;
  const users = names("writer", LEARNERS_A_RUN * (connections.length * rounds + 1));
  say(`enrolling ${users.length} learners`);
  const started = performance.now();
  const tokens = await school.enroll(COURSE, users);
  const enrolledPerSecond = users.length / ((performance.now() - started) / 1_000);
  for (const user of users) await must(putBare(server, user));
  await sleep(DRAIN_MS);

  const pid = server.workerd();
  /** Every run has learners of its own. Chapter by chapter, so that one learner's writes stand far apart. */
  const runs = (run: number, line: (user: string, token: string, chapter: string) => BenchRequest): BenchRequest[] =>
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
  await load(server.url, runs(last, completion), { connections: 25, seconds: 1, pid, once: true });
  await sleep(DRAIN_MS);

  const at: { connections: number; standings: Standing[] }[] = [];
  const cpuWithFanOut: number[] = [];
  for (const [position, width] of connections.entries()) {
    say(`${width} connections`);
    const standings = await contest(
      [
        {
          name: "bare one-row write",
          run: (round) =>
            load(server.baseline, runs(position * rounds + round, bareWrite), {
              ...{ connections: width, seconds, pid, once: true },
            }),
        },
        {
          name: "completion",
          async run(round) {
            const before = cpuOf(pid);
            const requests = runs(position * rounds + round, completion);
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
  say("the way to D1");
  const fanOuts = await timeFanOuts(server, school, quick ? 3 : FAN_OUTS);

  const share = (standings: readonly Standing[]) => spread(ratios(standings[1], standings[0], (one) => one.perSecond));
  const most = at.at(-1)?.standings ?? [];
  return {
    tables: at.map(({ connections: width, standings }) => ({
      title: `Writes, ${width} connection${width === 1 ? "" : "s"}`,
      columns: ["", "acknowledged a second", "p50 ms", "p99 ms", "share of the bare write"],
      rows: standings.map(({ name, loads }, index) => [
        name,
        spreadCell(spread(loads.map((one) => one.perSecond))),
        spreadCell(spread(loads.map((one) => one.p50Ms))),
        spreadCell(spread(loads.map((one) => one.p99Ms))),
        index === 0 ? "1" : spreadCell(share(standings)),
      ]),
    })),
    charts: [
      {
        file: "write-throughput",
        title: "Writes acknowledged a second",
        x: { label: "connections" },
        y: { label: "writes a second" },
        series: most.map(({ name }, index) => ({
          name,
          points: at.map(({ connections: width, standings }) => {
            const { median, low, high } = spread((standings[index]?.loads ?? []).map((one) => one.perSecond));
            return { x: width, y: median, low, high };
          }),
        })),
      },
    ],
    targets: [
      {
        what: `Acknowledged completions beside the bare one-row write, ${at.at(-1)?.connections} connections`,
        asked: `at least ${WRITE_SHARE}`,
        measured: spreadCell(share(most)),
        met: share(most).median >= WRITE_SHARE,
      },
    ],
    notes: [
      "A completion is checked for its lock, merged, logged, evaluated, announced and owed to D1, in one transaction; its answer names the item it opened.",
      "What it causes afterwards (queue, D1, confirmation) runs in the same thread while the next writes are acknowledged.",
      `CPU with all that: ${spreadCell(spread(cpuWithFanOut))} s per 1,000 writes.`,
      `From the acknowledgement to the row and the announcement in D1: ${spreadCell(spread(fanOuts))} ms; the queue gathers for up to 1,000 ms of it.`,
      `Enrolling: ${cell(enrolledPerSecond)} a second, one by one, 8 at a time.`,
    ],
  };
}

async function putBare(server: Server, user: string) {
  const answer = await fetch(`${server.baseline}/object/${user}`, { method: "PUT", body: "x" });
  return { request: `PUT ${user}`, status: answer.status, headers: answer.headers, body: null };
}

/** Milliseconds from the acknowledgement of a write to the moment D1 shows it. */
async function timeFanOuts(server: Server, school: School, count: number): Promise<number[]> {
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
