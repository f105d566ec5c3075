import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import { chapterIds } from "../../scripts/lib/validate/course.ts";
import { demandsOf, renderReport } from "../../scripts/lib/validate/report.ts";
import { type Validation, validate } from "../../scripts/lib/validate/run.ts";
import { School } from "../../scripts/lib/validate/school.ts";

// The validation against a service of a few lines whose faults are known: it must pass the honest one, and name every lie.

type Fault = "none" | "forgets" | "opens" | "lies" | "fails" | "never drains";

const COURSE = "validation";
const CHAPTERS = chapterIds(COURSE);
let server: Server | undefined;
afterEach(() => server?.close());

/** A service that keeps its course right, but for one fault. */
function startService(fault: Fault): Promise<string> {
  const completed = new Map<string, number>();
  const answers = new Map<string, unknown>();
  let calls = 0;
  let lists = 0;
  const stateOf = (user: string, at: number): string => {
    const count = completed.get(user) ?? 0;
    // Counted in lists of states, not in calls: which call is the fortieth is chance, and it may be a write.
    if (fault === "lies" && lists % 4 === 0 && at === count) return "locked";
    return at < count ? "completed" : at === count ? "unlocked" : "locked";
  };
  const answer = (method: string, path: string, user: string, key: string): [number, unknown] => {
    const marked = /chapters\/([^/]+)\/mark_as_completed/.exec(path)?.[1];
    if (path.includes("/system/freshness")) {
      const queues = [{ messages: fault === "never drains" ? 1 : 0 }];
      return [200, { stale: { snapshots: 0 }, marking: [], queues, dead_letters: 0, divergences: { last_day: 0 } }];
    }
    if (path.includes("/system/switches")) return [200, {}];
    if (marked !== undefined) {
      if (answers.has(key)) return [200, answers.get(key)];
      const count = completed.get(user) ?? 0;
      if (CHAPTERS.indexOf(marked) > count && fault !== "opens") return [403, { code: "locked" }];
      const result = { progress_seq: count + 1, unlocked: CHAPTERS.slice(count + 1, count + 2) };
      if (!(fault === "forgets" && count === 1)) completed.set(user, count + 1);
      if (key !== "") answers.set(key, result);
      return [200, result];
    }
    if (method === "POST") return [201, {}];
    const snapshot = { source: "snapshot" };
    const asked = /items\/([^/]+)\/why/.exec(path)?.[1];
    if (asked !== undefined)
      return [200, { is_locked: CHAPTERS.indexOf(asked) > (completed.get(user) ?? 0), snapshot }];
    lists += 1;
    const states = CHAPTERS.map((id, at) => ({ id, status: stateOf(user, at) }));
    if (path.includes("/unlocks")) {
      return [200, { states: Object.fromEntries(states.map(({ id, status }) => [id, status])), snapshot }];
    }
    return [200, { results: states }];
  };
  const service = createServer(async (incoming, outgoing) => {
    calls += 1;
    await text(incoming);
    const user = incoming.headers.authorization?.replace("Bearer ", "") ?? "";
    const isBroken =
      fault === "fails" && calls % 10 === 0 && incoming.method === "GET" && !incoming.url?.includes("system");
    const [status, body] = isBroken
      ? [500, {}]
      : answer(incoming.method ?? "", incoming.url ?? "", user, String(incoming.headers["idempotency-key"] ?? ""));
    outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server = service;
  return new Promise((resolve) => {
    service.listen(0, "127.0.0.1", () => {
      const address = service.address();
      resolve(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
    });
  });
}

async function run(fault: Fault): Promise<Validation> {
  const url = await startService(fault);
  return validate(
    {
      totalMs: 1_500,
      rate: 300,
      learners: 10,
      targets: { maxErrorShare: 0.001, readP95: 5_000, writeP95: 5_000 },
      drainMs: 500,
    },
    {
      url: () => url,
      token: async (user) => user,
      school: new School(url, "operator", COURSE),
      killAndStart: null,
      say: () => {},
    },
  );
}

const missed = (validation: Validation) =>
  demandsOf(validation).flatMap(({ what, met }) => (met ? [] : [what.replace(/^[a-z ]+: /, "")]));

it("a service that keeps its promises passes, and the report lists the requests", async () => {
  const validation = await run("none");
  expect(missed(validation)).toEqual([]);
  expect(validation.phases.map(({ tally }) => tally.requests > 20)).toEqual([true, true, true]);
  expect(validation.phases[1]?.events.map(({ text: event }) => event)).toEqual([
    "publish",
    "read switch at 10 %",
    "read switch at 50 %",
    "publish",
    "read switch at 100 %",
    "read switch at 0 %",
  ]);
  expect(validation.reconciled.right).toBeGreaterThanOrEqual(10);
  const report = renderReport(validation, "a test");
  expect(report).toMatch(/\*\*Passed\*\*:\s14 of 14 requirements met/);
  expect(report).toContain("bad days");
});

it.each<[Fault, RegExp]>([
  ["forgets", /contradict what was acknowledged/],
  ["opens", /contradict what was acknowledged/],
  ["lies", /contradict what was acknowledged/],
  ["fails", /at most 0\.1 % of the requests fail/],
  ["never drains", /all waiting work is done/],
])("a service that %s does not pass", async (fault, demand) => {
  expect(missed(await run(fault)).join("\n")).toMatch(demand);
});
