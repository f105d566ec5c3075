import { setTimeout as sleep } from "node:timers/promises";
import { EVERY_MINUTE } from "../scripts/lib/crons.ts";
import { ENGINE } from "../src/unlock/engine.ts";
import { openD1 } from "../test/support/node/database.ts";
import { freshState, removeState } from "../test/support/node/state.ts";
import {
  type Bench,
  type BenchContext,
  type BenchOutcome,
  cell,
  type Spread,
  spread,
  spreadCell,
} from "./lib/bench.ts";
import { type BenchCourse, benchCourse } from "./lib/dataset.ts";
import { must, School } from "./lib/school.ts";
import { type Bundles, buildBundles, type Server, startServer } from "./lib/server.ts";

const COURSE = "big";
const SIZES = [1_000, 10_000, 50_000];
const QUICK_SIZES = [200, 400];
/** Learners who were active within the last week; all others were last seen a month ago. */
const ACTIVE_SHARE = 0.1;
const MONTH_MS = 30 * 86_400_000;
/** Seconds that queues gather while publish requests are timed: longer than that takes. */
const LATE_S = 60;
/** Publishes timed for each size. */
const PUBLISHES = 7;
/** Up to this size everybody is refreshed; beyond, only the recently active and a minute of sweeping. */
const WHOLE_UP_TO = 10_000;
/** Up to this size they are refreshed a second time, when every object is there already. */
const TWICE_UP_TO = 1_000;
const WHOLE_TIMEOUT_MS = 300_000;
const SWEEP_SAMPLE_MS = 60_000;
const CRON_MS = 60_000;
const POLL_MS = 100;
/** Asked for: the largest size beside the smallest. */
const GROWTH = 2;

/** Seconds from the answer to a publish until something was true; null where it was not waited for. */
interface Refreshed {
  warmed: number;
  marked: number;
  whole: number | null;
  /** Enrollments refreshed a second, over the whole or over a minute of sweeping. */
  perSecond: number;
}

interface Measured {
  size: number;
  /** Milliseconds of a publish request. */
  request: Spread;
  /** The first refresh also creates each learner's object from its row in D1; the second finds them. */
  first: Refreshed;
  second: Refreshed | null;
}

export const refreshBench: Bench = {
  name: "refresh",
  about: "a publish to 1,000, 10,000 and 50,000 enrollments: the request, the active learners, everybody",
  async run(context) {
    context.say("building the Worker");
    const bundles = await buildBundles();
    const measured: Measured[] = [];
    for (const size of context.quick ? QUICK_SIZES : SIZES) measured.push(await measure(context, bundles, size));
    return outcomeOf(measured);
  },
};

async function measure({ say, quick }: BenchContext, bundles: Bundles, size: number): Promise<Measured> {
  const stateDir = await freshState();
  const withServer = async <T>(queueSeconds: number | null, work: (server: Server) => Promise<T>): Promise<T> => {
    const server = await startServer(bundles, stateDir, { queueSeconds });
    try {
      return await work(server);
    } finally {
      await server.stop();
    }
  };
  try {
    const course = benchCourse(COURSE, { dated: true });
    await withServer(LATE_S, async (server) => (await School.open(server)).publish(course));
    seed(stateDir, size);
    say(`${size} enrollments: the publish request`);
    const times = await withServer(LATE_S, async (server) => {
      const school = await School.open(server);
      await publishAgain(school, course, 0); // the first loads code and pages
      const all: number[] = [];
      for (let number = 1; number <= (quick ? 2 : PUBLISHES); number += 1) {
        const started = performance.now();
        await publishAgain(school, course, number);
        all.push(performance.now() - started);
      }
      return all;
    });
    say(`${size} enrollments: everybody, from rows`);
    const isWhole = size <= WHOLE_UP_TO;
    const [first, second] = await withServer(null, async (server) => {
      const one = await refreshEverybody(server, course, { stateDir, size, isWhole, number: 100 });
      say(`${size} enrollments: ${cell(one.perSecond)} a second`);
      const two =
        size <= TWICE_UP_TO ? await refreshEverybody(server, course, { stateDir, size, isWhole, number: 101 }) : null;
      if (two !== null) say(`${size} enrollments, again: ${cell(two.perSecond)} a second`);
      return [one, two] as const;
    });
    return { size, request: spread(times), first, second };
  } finally {
    removeState(stateDir);
  }
}

/** Enrollments as D1 knows them, one row each. */
function seed(stateDir: string, size: number): void {
  const now = Date.now();
  const database = openD1(stateDir, { readOnly: false });
  try {
    database
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, engine, version, course_version, activation,
           computed_at, last_active_at)
         SELECT ?2 || ':u' || i, ?2, 'u' || i, ?3, ?4, 1, 1, 1, ?6, CASE WHEN i <= ?5 THEN ?6 ELSE ?3 END FROM n`,
      )
      .run(size, COURSE, now - MONTH_MS, ENGINE, Math.ceil(size * ACTIVE_SHARE), now - 1_000);
  } finally {
    database.close();
  }
}

/** The same course with another title in one place: a new version that opens nothing. */
async function publishAgain(school: School, course: BenchCourse, number: number): Promise<void> {
  const document = JSON.parse(JSON.stringify(course.document).replace('"Chapter 1"', `"Chapter 1, edition ${number}"`));
  await must(school.admin.post(`/api/v1/courses/${course.slug}/versions`, { document }));
}

async function refreshEverybody(
  server: Server,
  course: BenchCourse,
  { stateDir, size, isWhole, number }: { stateDir: string; size: number; isWhole: boolean; number: number },
): Promise<Refreshed> {
  await publishAgain(await School.open(server), course, number);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1_000;
  const database = openD1(stateDir, { readOnly: true });
  const count = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const done = (of: string) =>
    count(
      `SELECT count(*) FROM enrollments JOIN freshness USING (course_slug, user_id)
       WHERE ${of} AND freshness.reached_activation = (SELECT activation FROM courses)`,
    );
  const crons = setInterval(() => void server.cron(EVERY_MINUTE), CRON_MS);
  const until = async (isTrue: () => boolean, timeoutMs: number) => {
    while (!isTrue()) {
      if (performance.now() - started > timeoutMs) throw new Error(`not done in ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
    return seconds();
  };
  try {
    const active = Math.ceil(size * ACTIVE_SHARE);
    const warmed = await until(() => done(`last_active_at > ${Date.now() - MONTH_MS / 2}`) >= active, WHOLE_TIMEOUT_MS);
    const marked = await until(() => count("SELECT count(*) FROM course_marks") === 0, WHOLE_TIMEOUT_MS);
    await server.cron(EVERY_MINUTE);
    if (isWhole) {
      const whole = await until(() => done("true") >= size, WHOLE_TIMEOUT_MS);
      return { warmed, marked, whole, perSecond: size / whole };
    }
    const before = { done: done("true"), at: seconds() };
    await sleep(SWEEP_SAMPLE_MS);
    return { warmed, marked, whole: null, perSecond: (done("true") - before.done) / (seconds() - before.at) };
  } finally {
    clearInterval(crons);
    database.close();
  }
}

function outcomeOf(measured: readonly Measured[]): BenchOutcome {
  const least = measured[0];
  const most = measured.at(-1);
  if (least === undefined || most === undefined) throw new Error("no sizes");
  const growth = most.request.median / least.request.median;
  const time = (seconds: number | null) => (seconds === null ? "-" : `${cell(seconds)} s`);
  return {
    tables: [
      {
        title: "A publish, by the number of enrollments",
        columns: [
          "",
          "request ms",
          "active warmed",
          "all marked",
          "everybody",
          "a second",
          "everybody again",
          "a second",
        ],
        rows: measured.map(({ size, request, first, second }) => [
          size.toLocaleString("en-US"),
          spreadCell(request),
          time(first.warmed),
          time(first.marked),
          time(first.whole),
          cell(first.perSecond),
          time(second?.whole ?? null),
          second === null ? "-" : cell(second.perSecond),
        ]),
      },
    ],
    charts: [
      {
        file: "publish-request",
        title: "Time of a publish request",
        x: { label: "enrollments", log: true },
        y: { label: "ms" },
        series: [
          {
            name: "request",
            points: measured.map(({ size, request: { low, median, high } }) => ({ x: size, y: median, low, high })),
          },
        ],
      },
      {
        file: "publish-everybody",
        title: "Enrollments refreshed a second after a publish",
        x: { label: "enrollments", log: true },
        y: { label: "a second" },
        series: [
          {
            name: "objects made from D1",
            points: measured.map(({ size, first }) => ({ x: size, y: first.perSecond })),
          },
          {
            name: "objects at rest",
            points: measured.flatMap(({ size, second }) => (second === null ? [] : [{ x: size, y: second.perSecond }])),
          },
        ],
      },
    ],
    targets: [
      {
        what: `A publish request with ${most.size.toLocaleString("en-US")} enrollments beside ${least.size.toLocaleString("en-US")}`,
        asked: `within ${GROWTH} times`,
        measured: `${cell(growth)} times`,
        met: growth <= GROWTH,
      },
    ],
    notes: [
      "The request is timed before the queue delivers what it causes, the rest with everything running in one thread: objects, D1, queues.",
      `One learner in ten was active within the week: these are warmed first. Refreshing all of ${WHOLE_UP_TO.toLocaleString("en-US")} is waited for; of more, a minute of sweeping is counted.`,
      "`everybody` starts from rows in D1 alone, so each object is created on the way; `again` finds them at rest.",
    ],
  };
}
