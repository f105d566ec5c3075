/** What one operation costs, as it was measured. Everything else on the page is computed from this table. */
export const MEASURED = {
  /** Rows that a completion which opens one item writes. test/worker/enrollment/rows.test.ts holds them. */
  objectRows: 6,
  d1Rows: 3,
  /** Rows of a live event to one learner who listens, in the learner's own object. */
  eventRows: 2,
  /** Rows of an answer that is judged at once, of an enrollment, and of a learner for whom a publish changes nothing. */
  submissionObjectRows: 7,
  submissionD1Rows: 4,
  enrollmentObjectRows: 47,
  enrollmentD1Rows: 13,
  standingD1Rows: 1,
  /** Rows of a mark, which those get whose answer changes. test/worker/refresh/mark-cost.test.ts holds them. */
  markD1Rows: 2,
  /** Object requests of a completion: how the token stands, the write, "which rows are pending?", the confirmation. */
  completionObjectRequests: 4,
  /** A message is written, read and removed. */
  queueOperations: 3,
  /** Milliseconds: of the Worker's CPU, and of an object with its 128 MB. */
  workerCpuMs: 0.4,
  readMs: 5,
  writeMs: 10,
  /** Share of reads that write a log line, exact ones and those at the edge. */
  readLogShare: 0.1,
  edgeLogShare: 0.01,
  /** Bytes of an enrollment at rest, in its object and in D1: from the replay of 21,333 real enrollments. */
  objectBytes: 71_000,
  d1Bytes: 2_200,
  /** Bytes of a learner with three courses in the directory: who signs in elsewhere, and who has an account here. */
  outsiderBytes: 392,
  accountBytes: 1_617,
  /** Bytes of an entry in the audit chain's object. */
  auditBytes: 506,
} as const;

/** Public prices in US dollars of paid plans, November 2026: per million, per GB and month, per million GB-seconds. */
const PRICES = {
  workerRequest: 0.3,
  objectRequest: 0.15,
  cpuMs: 0.02,
  gbSecond: 12.5,
  row: 1,
  queueOperation: 0.4,
  logLine: 0.6,
  objectGb: 0.2,
  d1Gb: 0.75,
} as const;

/** The platform's limits. */
const D1_GB = 10;
const OBJECT_GB = 10;
const QUEUE_PER_SECOND = 5_000;

/** A learner, on average. */
const COURSES = 3;
const ACTIVE_A_DAY = 1 / 5;
const READS_A_DAY = 20;
const COMPLETIONS_A_DAY = 5;
const DAYS = 30;
/** Share of a day that falls into its busiest hour. */
const BUSIEST_HOUR = 1 / 5;
/** How full a shard is to be. */
const FILL = 0.5;
const OBJECT_MEMORY_GB = 0.128;

interface Cost {
  requests: number;
  time: number;
  /** Written in objects and in D1. */
  rows: readonly [objects: number, d1: number];
  queue: number;
  log: number;
}

const rowsOf = ({ rows: [objects, d1] }: Cost) => (objects + d1) * PRICES.row;
const sumOf = (cost: Cost) => cost.requests + cost.time + rowsOf(cost) + cost.queue + cost.log;
const timeOf = (objectMs: number) =>
  MEASURED.workerCpuMs * PRICES.cpuMs + (objectMs / 1_000) * OBJECT_MEMORY_GB * PRICES.gbSecond;

function readCost(logShare: number): Cost {
  return {
    requests: PRICES.workerRequest + PRICES.objectRequest,
    time: timeOf(MEASURED.readMs),
    rows: [0, 0],
    queue: 0,
    log: logShare * PRICES.logLine,
  };
}

/** A read that is answered without the object, from memory or the location's cache. */
const EDGE_READ: Cost = {
  requests: PRICES.workerRequest,
  time: timeOf(0),
  rows: [0, 0],
  queue: 0,
  log: MEASURED.edgeLogShare * PRICES.logLine,
};

/** A write to an object, announced to the queue in a message of its own, with its projection and confirmation. */
function writeCost(objectRows: number, d1Rows: number): Cost {
  return {
    requests: PRICES.workerRequest + MEASURED.completionObjectRequests * PRICES.objectRequest,
    time: timeOf(MEASURED.completionObjectRequests * MEASURED.writeMs),
    rows: [objectRows, d1Rows],
    queue: MEASURED.queueOperations * PRICES.queueOperation,
    log: PRICES.logLine,
  };
}

const COMPLETION = writeCost(MEASURED.objectRows, MEASURED.d1Rows);

/** What opened is told to the learner: a call of the learner's own object. */
const EVENT: Cost = {
  requests: PRICES.objectRequest,
  time: (MEASURED.writeMs * OBJECT_MEMORY_GB * PRICES.gbSecond) / 1_000,
  rows: [MEASURED.eventRows, 0],
  queue: 0,
  log: 0,
};

/** A learner for whom a publish changes nothing: evaluated in a page of 500, so all but the row is next to nothing. */
const STANDING: Cost = { requests: 0, time: 0, rows: [0, MEASURED.standingD1Rows], queue: 0, log: 0 };

/** A learner whose answer a publish changes: a mark, a message, a call of the object that commits, and its projection. */
const CHANGED: Cost = {
  requests: MEASURED.completionObjectRequests * PRICES.objectRequest,
  time: (MEASURED.completionObjectRequests * MEASURED.writeMs * OBJECT_MEMORY_GB * PRICES.gbSecond) / 1_000,
  rows: [MEASURED.objectRows, MEASURED.markD1Rows + MEASURED.d1Rows],
  queue: 2 * MEASURED.queueOperations * PRICES.queueOperation,
  log: 0,
};
/** A month of a million enrollments at rest: a million of a byte count is as many MB, a thousandth of it GB. */
const AT_REST = {
  object: (MEASURED.objectBytes / 1_000) * PRICES.objectGb,
  d1: (MEASURED.d1Bytes / 1_000) * PRICES.d1Gb,
};

const dollars = (value: number) => value.toFixed(2);
const round = (value: number, digits = 2) => Number(value.toPrecision(digits)).toLocaleString("en");
const gigabytes = (value: number) => (value >= 1_000 ? `${round(value / 1_000)} TB` : `${round(value, 3)} GB`);

function columnOf(millions: number) {
  const learners = millions * 1e6;
  const activeDays = learners * ACTIVE_A_DAY * DAYS;
  const perSecond = (aDay: number) => (learners * ACTIVE_A_DAY * aDay * BUSIEST_HOUR) / 3_600;
  const [reads, completions] = [activeDays * READS_A_DAY, activeDays * COMPLETIONS_A_DAY];
  const d1Gb = (learners * COURSES * MEASURED.d1Bytes) / 1e9;
  const costs = [
    (reads / 1e6) * sumOf(readCost(MEASURED.readLogShare)),
    (completions / 1e6) * sumOf(COMPLETION),
    millions * COURSES * (AT_REST.object + AT_REST.d1),
  ];
  return {
    enrollments: `${round(millions * COURSES)} million`,
    reads: `${round(reads / 1e6, 3)} million; ${round(perSecond(READS_A_DAY), 3)}`,
    completions: `${round(completions / 1e6, 3)} million; ${round(perSecond(COMPLETIONS_A_DAY))}`,
    objects: gigabytes((learners * COURSES * MEASURED.objectBytes) / 1e9),
    d1: gigabytes(d1Gb),
    shards: String(Math.ceil(d1Gb / (D1_GB * FILL))),
    directory: `${gigabytes((learners * MEASURED.outsiderBytes) / 1e9)} / ${gigabytes((learners * MEASURED.accountBytes) / 1e9)}`,
    messages: `at most ${round(perSecond(COMPLETIONS_A_DAY))}`,
    cost: `${costs.map((cost) => round(cost)).join(" + ")} = **$${round(costs.reduce((a, b) => a + b))}**`,
  };
}

function row(name: string, cells: readonly (string | number)[]): string {
  return `| ${[name, ...cells].join(" | ")} |`;
}

function costRow(name: string, cost: Cost): string {
  const rows = rowsOf(cost) === 0 ? "0" : cost.rows.join(" + ");
  return row(name, [
    dollars(cost.requests),
    dollars(cost.time),
    rows,
    dollars(cost.queue),
    dollars(cost.log),
    `**${dollars(sumOf(cost))}**`,
  ]);
}

/** Limits as learners, in millions. */
function limits() {
  const completionsPerMillion = (1e6 * ACTIVE_A_DAY * COMPLETIONS_A_DAY * BUSIEST_HOUR) / 3_600;
  return {
    enrollmentsOfShard: (D1_GB * 1e9) / MEASURED.d1Bytes / 1e6,
    outsiders: (D1_GB * 1e9) / MEASURED.outsiderBytes / 1e6,
    accounts: (D1_GB * 1e9) / MEASURED.accountBytes / 1e6,
    auditEntries: (OBJECT_GB * 1e9) / MEASURED.auditBytes / 1e6,
    queue: QUEUE_PER_SECOND / completionsPerMillion,
  };
}

/** The computed parts of docs/design/cost.md and docs/design/scale.md, by name. */
export function scaleParts(): Record<"costs" | "sizes" | "limits", string> {
  const [small, large] = [columnOf(1), columnOf(100)];
  const line = (name: string, key: keyof ReturnType<typeof columnOf>) => row(name, [small[key], large[key]]);
  const at = limits();
  return {
    costs: [
      "| a million of | requests | CPU and duration | rows | queue | log | sum |",
      "|---|---|---|---|---|---|---|",
      costRow("warm reads", readCost(MEASURED.readLogShare)),
      costRow("the same, every line logged", readCost(1)),
      costRow("reads at the edge, with `max_stale`", EDGE_READ),
      costRow("items checked by a pass, elsewhere", { requests: 0, time: 0, rows: [0, 0], queue: 0, log: 0 }),
      costRow("completions", COMPLETION),
      costRow("live events of completions, for a day", EVENT),
      costRow("answers, judged at once", writeCost(MEASURED.submissionObjectRows, MEASURED.submissionD1Rows)),
      costRow("enrollments", writeCost(MEASURED.enrollmentObjectRows, MEASURED.enrollmentD1Rows)),
      costRow("learners for whom a publish changes nothing", STANDING),
      costRow("learners whose answer a publish changes, at most", CHANGED),
      row("enrollments at rest, a month", [
        "",
        "",
        `storage: ${dollars(AT_REST.object)} + ${dollars(AT_REST.d1)}`,
        "",
        "",
        `**${dollars(AT_REST.object + AT_REST.d1)}**`,
      ]),
    ].join("\n"),
    sizes: [
      "| | 1 million learners | 100 million learners |",
      "|---|---|---|",
      line("enrollments = objects", "enrollments"),
      line("reads: a month; busiest hour, a second", "reads"),
      line("completions: a month; busiest hour, a second", "completions"),
      line("object storage", "objects"),
      line("D1, enrollments", "d1"),
      line("D1 shards, half full", "shards"),
      line("D1, directory: learners who sign in elsewhere / with accounts here", "directory"),
      line("queue messages a second, busiest hour", "messages"),
      line("cost a month: reads + writes + rest", "cost"),
    ].join("\n"),
    limits: [
      "| limit | reached at |",
      "|---|---|",
      row("10 GB of one shard", [`${round(at.enrollmentsOfShard)} million enrollments a shard`]),
      row("10 GB of the directory", [
        `${round(at.outsiders)} million learners who sign in elsewhere; ${round(at.accounts)} million with accounts here`,
      ]),
      row("10 GB of the audit chain's object", [
        `${round(at.auditEntries)} million entries a year: ${round(at.auditEntries / COURSES)} million learners whom staff enroll`,
      ]),
      row("5,000 messages a second of one queue", [`${round(at.queue)} million learners`]),
    ].join("\n"),
  };
}

/** Which page has which parts. */
export const SCALE_PAGES = {
  "docs/design/cost.md": ["costs"],
  "docs/design/scale.md": ["sizes", "limits"],
} as const;
export type ScalePage = keyof typeof SCALE_PAGES;

/** @returns a page with its computed parts again. @throws when a part has no place. */
export function withScale(name: ScalePage, page: string): string {
  let next = page;
  const parts = scaleParts();
  for (const part of SCALE_PAGES[name]) {
    const text = parts[part];
    const place = new RegExp(`(<!-- computed: ${part} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`);
    if (!place.test(next)) throw new Error(`${name} has no place for "${part}"`);
    next = next.replace(place, (_all, begin: string, end: string) => `${begin}\n${text}\n${end}`);
  }
  return next;
}
