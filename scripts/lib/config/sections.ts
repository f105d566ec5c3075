import { type BoundDatabase, databasesOf, nameIn, type Part, type Place, workerName } from "../environments.ts";
import type { Settings } from "./schema.ts";
import type { Section, Value } from "./toml.ts";

const ASSETS = { binding: "ASSETS", directory: "dist/web", not_found_handling: "single-page-application" };

/** One of the two Workers, or both in one: a program that wants only one runs that (tests, benchmarks). */
export type Bound = Part | "whole";

/** What an environment does not inherit from the top of the file, and so has to say for itself. */
export function ownSections(settings: Settings, environment: Place, shards: number, part: Bound): Section[] {
  const named = (word: string) => nameIn(environment, word, settings);
  const queues = Object.entries(settings.queues);
  const edge = workerName(environment, "edge", settings);
  return [
    {
      path: "vars",
      entries: [
        { key: "ENVIRONMENT", value: environment },
        ...Object.entries(settings.vars).map(([key, { value, why }]) => ({ key, value, why })),
      ],
    },
    { path: "secrets", why: settings.secrets.why, entries: entriesOf({ required: settings.secrets.value }) },
    ...Object.entries(settings.objects).map(([name, class_name]) =>
      inList("durable_objects.bindings", { name, class_name, ...(part === "back" ? { script_name: edge } : {}) }),
    ),
    inList(
      "services",
      { binding: "BACK", service: part === "whole" ? edge : workerName(environment, "back", settings) },
      `The Worker behind the edge: it answers what the edge does not. (It is bound to itself too: wrangler wants every
environment to have every binding.)`,
    ),
    ...databaseSections(databasesOf(environment, shards, settings)),
    ...Object.entries(settings.buckets).map(([binding, { name, why }]) =>
      inList("r2_buckets", { binding, bucket_name: named(name) }, why),
    ),
    ...Object.entries(settings.namespaces).map(([binding, { why }]) => inList("kv_namespaces", { binding }, why)),
    inList(
      "analytics_engine_datasets",
      // Datasets are written with underscores.
      { binding: "ANALYTICS", dataset: named("requests").replaceAll("-", "_") },
      `One point for each request line of the log, for questions nobody thought of. Sampled by the platform: no place for
what must be exact.`,
    ),
    {
      path: "version_metadata",
      why: "Which version answers, for the metrics and the log.",
      entries: entriesOf({ binding: "CF_VERSION_METADATA" }),
    },
    ...queues.map(([binding, { name }], at) =>
      inList(
        "queues.producers",
        { binding, queue: named(name) },
        at === 0
          ? `At-least-once and unordered: every consumer fences by sequence. A queue without a dead-letter queue DELETES
what failed its last retry, so each has one, and each dead-letter queue has a consumer that stores the loss.`
          : undefined,
      ),
    ),
    ...(part === "edge" ? [] : consumerSections(settings, named)),
    ...Object.entries(settings.mail).map(([name, { why }]) => inList("send_email", { name }, why)),
    ...Object.entries(settings.rateLimits).map(([name, limit], at) =>
      inList(
        "ratelimits",
        // The account counts under numbers of four digits; the first says which environment it is.
        {
          name,
          namespace_id: `${environment === "staging" ? 2 : 1}${String(at + 1).padStart(3, "0")}`,
          simple: { limit, period: 60 },
        },
        at === 0
          ? "A limit against abuse, not a quota: counted per location and eventually consistent; the period may only be 10 or 60."
          : undefined,
      ),
    ),
  ];
}

function consumerSections(settings: Settings, named: (word: string) => string): Section[] {
  const queues = Object.entries(settings.queues);
  return [
    ...queues.map(([, queue]) =>
      inList(
        "queues.consumers",
        {
          queue: named(queue.name),
          max_batch_size: queue.batch,
          max_batch_timeout: queue.seconds,
          ...(queue.concurrency === undefined ? {} : { max_concurrency: queue.concurrency }),
          max_retries: settings.retries.times,
          retry_delay: settings.retries.seconds,
          dead_letter_queue: named(`${queue.name}-dead`),
        },
        queue.why,
      ),
    ),
    ...queues.map(([, { name }], at) =>
      inList(
        "queues.consumers",
        {
          queue: named(`${name}-dead`),
          max_batch_size: settings.deadRetries.batch,
          max_batch_timeout: settings.deadRetries.batchSeconds,
          max_retries: settings.deadRetries.times,
          retry_delay: settings.deadRetries.seconds,
        },
        at === 0
          ? "Last stop: these are only written down in D1. While D1 does not answer they wait here, up to 100 tries 10 minutes apart."
          : undefined,
      ),
    ),
  ];
}

/** What all environments share; wrangler lets them inherit it. */
export function inheritedSections(settings: Settings): Section[] {
  return [
    { path: "alias", why: settings.alias.why, entries: entriesOf(settings.alias.value) },
    ...Object.values(settings.objects).map((name, at) => ({
      path: `exports.${name}`,
      why:
        at === 0
          ? `Objects are declared, not migrated step by step: \`exports\` and \`migrations\` exclude each other, so the folder
./migrations holds D1 SQL only. The storage kind can never be changed later; all are SQLite.
A deploy that adds or removes a class must ship alone, at 100 %: split versions need equal exports.`
          : undefined,
      entries: entriesOf({ type: "durable-object", storage: "sqlite" }),
    })),
    { path: "triggers", why: "The crons are those of the back.", entries: entriesOf({ crons: [] }) },
    {
      path: "limits",
      why: "A cron that fires more often than hourly gets 30 s of CPU at most; sweeps enqueue work instead of doing it.",
      entries: entriesOf({ cpu_ms: settings.cpuMs }),
    },
    { path: "observability", entries: entriesOf({ enabled: true, head_sampling_rate: 1 }) },
    {
      path: "assets",
      why: `The pages. What begins like an address of theirs and is no file gets index.html, whose router takes it from there, and
costs no call of the Worker. Everything else reaches the Worker: the API, and what is nowhere, which is a 404.`,
      entries: entriesOf({
        ...ASSETS,
        run_worker_first: [
          "/*",
          ...settings.pages.flatMap((path) => addressesOf(path, settings.pages)).map((path) => `!${path}`),
        ],
      }),
    },
    {
      path: "build",
      why: "Bundles src/web into that folder before every deploy and local start; a moment when nothing has changed.",
      entries: entriesOf({ command: settings.build.command, watch_dir: settings.build.watch }),
    },
  ];
}

/** What the back has in the place of what it would inherit: no class of its own, no address of its own, and the crons. */
export function backSections(settings: Settings): Section[] {
  return [
    {
      path: "triggers",
      why: "src/maintenance/crons.ts dispatches on these very strings; a test compares the two lists.",
      entries: entriesOf({ crons: settings.crons }),
    },
    {
      path: "assets",
      why: "Only read by the code: nobody asks this Worker for a page.",
      entries: entriesOf({ ...ASSETS, run_worker_first: true }),
    },
  ];
}

function databaseSections(databases: readonly BoundDatabase[]): Section[] {
  return databases.map(({ binding, name, migrations }, at) =>
    inList(
      "d1_databases",
      { binding, database_name: name, migrations_dir: migrations },
      [
        `What all share, and then the shards over which courses are spread. No database_id: wrangler creates a database at the
first deploy and finds it by name afterwards.`,
      ][at],
    ),
  );
}

function inList(path: string, values: Record<string, Value>, why?: string): Section {
  return { path, isList: true, why, entries: entriesOf(values) };
}

function entriesOf(values: Record<string, Value>): Section["entries"] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/**
 * A page answers with a slash behind it too; a file, a folder and the first page have no second address, and a page with
 * a folder of its own has that one there (wrangler refuses what another rule already says).
 */
function addressesOf(path: string, pages: readonly string[]): string[] {
  const hasOne = path.endsWith("*") || path.endsWith("/") || path.includes(".") || pages.includes(`${path}/*`);
  return hasOne ? [path] : [path, `${path}/`];
}
