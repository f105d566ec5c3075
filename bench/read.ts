import { z } from "zod";
import { Random } from "../test/support/node/random.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell, spread, spreadCell, type Table } from "./lib/bench.ts";
import { contest, ratios, type Standing } from "./lib/contest.ts";
import { type BenchCourse, benchCourse, benchFacts } from "./lib/dataset.ts";
import { names, School } from "./lib/school.ts";
import { buildBundles, type Server, startServer } from "./lib/server.ts";
import { type BenchRequest, type Load, load } from "./lib/wrk.ts";

const LEARNERS = 200;
const CONNECTIONS = [25, 50, 100];
/** Asked for: read throughput at 100 connections beside the bare object call. */
const READ_SHARE = 0.8;
/** Asked for: reads that may be old, and "may u open x?" by pass, beside a bare Hono route. */
const EDGE_SHARE = 0.8;
const PASS_SHARE = 0.85;
/** Pause after filling, so that projections in the background are over. */
const SETTLE_MS = 4_000;

interface Prepared {
  server: Server;
  course: BenchCourse;
  users: string[];
  tokens: string[];
  /** The chapters list of each learner, as the bare object returns it too. */
  bytes: number;
}

export const readBench: Bench = {
  name: "read",
  about:
    "lists of chapters and problems, beside a bare route and a bare object call; 304s, fresh tokens, cold, fallback",
  async run(context) {
    const stateDir = await freshState();
    context.say("building the Worker and starting workerd");
    const bundles = await buildBundles();
    // The shadow check evaluates a share of reads a second time in the background; it is measured on its own below.
    const bindings = { SHADOW_SAMPLE_RATE: "0" };
    const withServer = async <T>(breakObjects: boolean, work: (server: Server) => Promise<T>): Promise<T> => {
      const server = await startServer(bundles, stateDir, { bindings, breakObjects });
      try {
        return await work(server);
      } finally {
        await server.stop();
      }
    };
    try {
      const [prepared, warm] = await withServer(false, async (server) => {
        const filled = await prepare(context, server);
        return [filled, await measure(context, filled)] as const;
      });
      context.say("cold reads");
      const cold = await withServer(false, (server) => timeCold(server, prepared));
      context.say("reads that fall back to D1");
      const fallback = await withServer(true, (server) => loadFallback(context, server, prepared));
      return { ...warm, tables: [...warm.tables, cold, fallback] };
    } finally {
      removeState(stateDir);
    }
  },
};

/** First reads of objects that are at rest, one after the other, in an isolate that knows the course already. */
async function timeCold(server: Server, { course, users }: Prepared): Promise<Table> {
  const time = async (url: string, token?: string): Promise<number> => {
    const started = performance.now();
    const answer = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    await answer.text();
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return performance.now() - started;
  };
  const own: { first: number[]; second: number[] } = { first: [], second: [] };
  const bare: { first: number[]; second: number[] } = { first: [], second: [] };
  for (const [at, user] of users.entries()) {
    const token = await server.token(user);
    const path = `${server.url}${chaptersOf(course)}`;
    const [first, second] = [await time(path, token), await time(path, token)];
    const object = `${server.baseline}/object/${user}`;
    const [bareFirst, bareSecond] = [await time(object), await time(object)];
    if (at === 0) continue; // it also loaded the code and the course
    own.first.push(first);
    own.second.push(second);
    bare.first.push(bareFirst);
    bare.second.push(bareSecond);
  }
  const row = (name: string, { first, second }: typeof own) => [
    name,
    spreadCell(spread(first)),
    spreadCell(spread(second)),
  ];
  return {
    title: "Cold reads, one at a time: the object is at rest on disk",
    columns: ["", "first read ms", "second read ms"],
    rows: [row("bare object call", bare), row("chapters", own)],
  };
}

/** Every read finds its object failing and is evaluated from D1. */
async function loadFallback({ quick, say }: BenchContext, server: Server, prepared: Prepared): Promise<Table> {
  const { course, users } = prepared;
  const tokens = await Promise.all(users.map((user) => server.token(user)));
  const requests = tokens.map((token) => ({ path: chaptersOf(course), token }));
  const probe = await fetch(`${server.url}${chaptersOf(course)}`, {
    headers: { authorization: `Bearer ${tokens[0]}` },
  });
  const source = probe.headers.get("x-latchkey-source");
  await probe.body?.cancel();
  if (source !== "realtime") throw new Error(`the fallback answered from ${source}`);
  const run = () => load(server.url, requests, { connections: 25, seconds: quick ? 1 : 3, pid: server.workerd() });
  await run();
  return tableOf(
    "Reads that fall back to D1, 25 connections",
    await contest([{ name: "chapters", run }], quick ? 1 : 3, say),
  );
}

async function prepare({ say, quick }: BenchContext, server: Server): Promise<Prepared> {
  const school = await School.open(server);
  const course = benchCourse("bench", { dated: true });
  await school.publish(course);
  const users = names("learner", quick ? 40 : LEARNERS);
  say(`enrolling ${users.length} learners`);
  const tokens = await school.enroll(course.slug, users);
  const random = new Random(7);
  await school.importFacts(users.flatMap((user) => benchFacts(course, user, random)));
  let bytes = 0;
  for (const [at, user] of users.entries()) {
    const answer = await fetch(`${server.url}${chaptersOf(course)}`, {
      headers: { authorization: `Bearer ${tokens[at]}` },
    });
    if (!answer.ok) throw new Error(`reading: ${answer.status}`);
    const body = await answer.text();
    bytes += body.length / users.length;
    await fetch(`${server.baseline}/object/${user}`, { method: "PUT", body });
    if (at === 0) await fetch(`${server.baseline}/hono`, { method: "PUT", body });
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { server, course, users, tokens, bytes };
}

function chaptersOf({ slug }: BenchCourse): string {
  return `/api/v1/courses/${slug}/chapters/`;
}

async function measure({ say, quick }: BenchContext, prepared: Prepared): Promise<BenchOutcome> {
  const { server, course, users, tokens } = prepared;
  const pid = server.workerd();
  const seconds = quick ? 1 : 3;
  const rounds = quick ? 2 : 3;
  const lists: BenchRequest[] = users.map((_, at) => ({ path: chaptersOf(course), token: tokens[at] ?? "" }));
  const problems = lists.map((request) => ({ ...request, path: `/api/v1/courses/${course.slug}/problems/` }));
  const bare = users.map((user) => ({ path: `/object/${user}` }));
  const edge = lists.map((request) => ({ ...request, path: `${request.path}?max_stale=60` }));
  const etags = await etagsOf(server, lists);
  const tagged = lists.map((request, at) => ({ ...request, etag: etags[at] ?? "" }));
  const on = (base: string, requests: readonly BenchRequest[], connections: number) => () =>
    load(base, requests, { connections, seconds, pid });

  say("warming up");
  await load(server.baseline, bare, { connections: 25, seconds: 1, pid });
  await load(server.url, lists, { connections: 25, seconds: quick ? 1 : 3, pid });
  const at: { connections: number; standings: Standing[] }[] = [];
  for (const connections of quick ? [100] : CONNECTIONS) {
    say(`${connections} connections`);
    const contenders = [
      { name: "bare Hono route", run: on(server.baseline, [{ path: "/hono" }], connections) },
      { name: "bare object call", run: on(server.baseline, bare, connections) },
      { name: "chapters", run: on(server.url, lists, connections) },
      { name: "chapters, max_stale=60", run: on(server.url, edge, connections) },
      { name: "problems", run: on(server.url, problems, connections) },
      { name: "chapters, 304", run: on(server.url, tagged, connections) },
    ];
    at.push({ connections, standings: await contest(contenders, rounds, say) });
  }
  say("may u open x, by pass");
  const passes = await passesOf(prepared);
  const byPass = await contest(
    [
      { name: "bare Hono route", run: on(server.baseline, passes.bare, 100) },
      { name: "may u open x, by pass", run: on(server.baseline, passes.checked, 100) },
    ],
    rounds,
    say,
  );
  say("tokens that have never been seen before");
  const strangers = await strangeTokens(prepared, quick ? 4_000 : 40_000);
  const fresh = await contest(
    [
      { name: "bare object call", run: on(server.baseline, bare, 100) },
      {
        name: "chapters, token never seen",
        run: (round) => {
          const share = Math.floor(strangers.length / rounds);
          const own = strangers.slice(round * share, (round + 1) * share);
          return load(server.url, own, { connections: 100, seconds, pid, once: true });
        },
      },
    ],
    rounds,
    say,
  );

  const most = at.at(-1)?.standings ?? [];
  const find = (name: string) => most.find((standing) => standing.name === name);
  const share = spread(ratios(find("chapters"), find("bare object call"), (one) => one.perSecond));
  const cpuShare = spread(ratios(find("bare object call"), find("chapters"), (one) => one.cpuPer1000));
  const edgeShare = spread(ratios(find("chapters, max_stale=60"), find("bare Hono route"), (one) => one.perSecond));
  const passShare = spread(ratios(byPass[1], byPass[0], (one) => one.perSecond));
  const freshShare = spread(ratios(fresh[1], fresh[0], (one) => one.perSecond));
  return {
    tables: [
      ...at.map(({ connections, standings }) => tableOf(`Reads, ${connections} connections`, standings)),
      tableOf("May u open x, 100 connections; the passes were checked before", byPass),
      tableOf("Reads with a token this isolate has never seen, 100 connections", fresh),
    ],
    charts: [
      {
        file: "read-throughput",
        title: `Reads a second, ${users.length} learners, token on each`,
        x: { label: "connections" },
        y: { label: "reads a second" },
        series: most.map(({ name }) => ({
          name,
          points: at.map(({ connections, standings }) => {
            const loads = standings.find((standing) => standing.name === name)?.loads ?? [];
            const { median, low, high } = spread(loads.map((one) => one.perSecond));
            return { x: connections, y: median, low, high };
          }),
        })),
      },
    ],
    targets: [
      {
        what: "Chapters list at 100 connections beside the bare object call of the same bytes",
        asked: `at least ${READ_SHARE}`,
        measured: `${spreadCell(share)} of its throughput; CPU ${spreadCell(cpuShare)}`,
        met: share.median >= READ_SHARE,
      },
      {
        what: "Chapters list with max_stale at 100 connections beside a bare Hono route with the same bytes",
        asked: `at least ${EDGE_SHARE}`,
        measured: `${spreadCell(edgeShare)} of its throughput`,
        met: edgeShare.median >= EDGE_SHARE,
      },
      {
        what: "May u open x, by pass, at 100 connections beside a bare Hono route",
        asked: `at least ${PASS_SHARE}`,
        measured: `${spreadCell(passShare)} of its throughput`,
        met: passShare.median >= PASS_SHARE,
      },
      {
        what: "One item of a pass after the first",
        asked: "less than 5 µs",
        measured: `${cell(passes.microseconds)} µs`,
        met: passes.microseconds < 5,
      },
    ],
    notes: [
      `Bodies of ${cell(prepared.bytes)} bytes; ${users.length} learners in turn; wrk, one thread, closed loop, ${seconds} s a run.`,
      "Product and baseline run in one workerd process with one thread; wrk has the other core.",
      `With a token never seen before (signature checked afresh on each request) the share is ${spreadCell(freshShare)}.`,
      "Request logs are as deployed (a tenth of uneventful reads, everything else); the shadow check is off.",
    ],
  };
}

function tableOf(title: string, standings: readonly Standing[]): Table {
  const column = (loads: readonly Load[], pick: (one: Load) => number) => spreadCell(spread(loads.map(pick)));
  return {
    title,
    columns: ["", "a second", "p50 ms", "p99 ms", "CPU s per 1,000"],
    rows: standings.map(({ name, loads }) => [
      name,
      column(loads, (one) => one.perSecond),
      column(loads, (one) => one.p50Ms),
      column(loads, (one) => one.p99Ms),
      column(loads, (one) => one.cpuPer1000),
    ]),
  };
}

async function etagsOf(server: Server, requests: readonly BenchRequest[]): Promise<string[]> {
  const etags: string[] = [];
  for (const { path, token } of requests) {
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    await answer.body?.cancel();
    etags.push(answer.headers.get("etag") ?? "");
  }
  return etags;
}

/** A pass of each learner, and what checks them: the bare route takes the same addresses and looks at nothing. */
async function passesOf({ server, course, users, tokens }: Prepared) {
  const authorized = async (path: string, token: string) => {
    const answer = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  const { keys } = z.object({ keys: z.array(z.looseObject({})) }).parse(await authorized("/.well-known/jwks.json", ""));
  const admin = await server.token("root", "admin");
  const path = `/api/v1/courses/${course.slug}/versions/1/items`;
  const { items } = z.object({ items: z.array(z.string()) }).parse(await authorized(path, admin));
  const told = JSON.stringify({ keys, course: course.slug, version: 1, items });
  await fetch(`${server.baseline}/may`, { method: "PUT", body: told });
  const passes: string[] = [];
  for (const at of users.keys()) {
    const answer = await authorized(`/api/v1/courses/${course.slug}/pass`, tokens[at] ?? "");
    passes.push(z.object({ pass: z.string() }).parse(answer).pass);
  }
  const [first = ""] = passes;
  const alone = `${server.baseline}/may-alone/${items[0]}/${first}`;
  await (await fetch(alone)).text();
  const started = performance.now();
  const open = await (await fetch(alone)).text();
  if (open !== "100000") throw new Error(`the first item is not open: ${open}`);
  const microseconds = (performance.now() - started) / 100;
  const of = (route: string) => passes.map((pass) => ({ path: `/${route}/${items[0]}/${pass}` }));
  return { bare: of("may-anything"), checked: of("may"), microseconds };
}

/** One token per request, each with a session of its own and so with a signature of its own. */
async function strangeTokens({ server, course, users }: Prepared, count: number): Promise<BenchRequest[]> {
  const requests: BenchRequest[] = [];
  for (let number = 0; number < count; number += 1) {
    const token = await server.token(users[number % users.length] ?? "", "learner", `session-${number}`);
    requests.push({ path: chaptersOf(course), token });
  }
  return requests;
}
