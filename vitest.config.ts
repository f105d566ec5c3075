import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig, type Plugin, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SETTINGS } from "./scripts/config/settings.ts";
import { localConfigFile } from "./scripts/lib/config/file.ts";
import { buildPages } from "./scripts/lib/pages.ts";

// A fresh secret for each run: a test can neither rely on one nor leak one.
const AUTH_SECRET = randomBytes(32).toString("base64url");
const METRICS_TOKEN = randomBytes(32).toString("base64url");

/**
 * Slow end-to-end tests: storms with killed processes, real data, other programs, whole releases. `npm run test:slow`
 * runs them; `npm test` does not, so that it stays below ten minutes.
 */
const SLOW = [
  "test/system/{backup,release}/**/*.test.ts",
  "test/system/{backup,crash,full-size,load,records,replay,shards,validate,webhooks}.test.ts",
];

/** Slow end-to-end tests that nothing beside them disturbs: they kill nothing, measure nothing and put no load on anything. */
const SLOW_BESIDE = [
  "test/system/{clients,documents,exercism,files,imports,insight*,monitoring,moodle-random}.test.ts",
];

/**
 * What the tests of the Worker send goes to queues that nobody consumes: a test delivers what it wants delivered, and no
 * file ends while a consumer is starting, which the runner would wait for without end. The system tests have the real ones.
 */
const UNREAD_QUEUES = Object.fromEntries(
  Object.entries(SETTINGS.queues).map(([binding, { name }]) => [binding, { queueName: `unread-${name}` }]),
);

/** Tests inside the runtime that take long, each with a deployment of its own; `npm run test:slow` runs them too. */
const LONG = [
  "test/worker/backup/{bounds,databases,erasures,large-objects,notes}.test.ts",
  "test/worker/enrollment/roster-large.test.ts",
  "test/worker/migrations.test.ts",
  "test/worker/ops/moves.test.ts",
  "test/worker/connect/scim-large.test.ts",
  "test/worker/people/roster-large.test.ts",
  "test/worker/privacy/set-back.test.ts",
  "test/worker/refresh/{failing-shard,full-size,outage,storm}.test.ts",
];

/** Tests that empty the whole deployment, which takes a runtime of their own. */
const EMPTYING = ["test/worker/backup/{chain,restore,meanwhile}.test.ts"];

/**
 * Tests that compare a whole deployment with what it was, or that nobody may disturb: they have one in which each file finds
 * at rest what the one before has left.
 */
const CALM = [
  "test/worker/attacks/**/*.test.ts",
  "test/worker/enrollment/writes.test.ts",
  "test/worker/records/{journal-properties,odd-keys,read-only,translation}.test.ts",
];

/**
 * Tests that look at a whole deployment (every audit entry, every dead letter, all metrics, all tables) or change what
 * one isolate remembers. Each of these files gets a deployment of its own, which costs some four seconds a file. All
 * other files share one: their tests use ids of their own and never count what others may have made.
 */
const ALONE = [
  "test/worker/{audit,backup,insight}/**/*.test.ts",
  "test/worker/access/empty-bodies.test.ts",
  "test/worker/connect/gauges.test.ts",
  "test/worker/enrollment/schema.test.ts",
  "test/worker/events/{pace,publishing,stream}.test.ts",
  "test/worker/files/sweep.test.ts",
  "test/worker/identity/{limits,sessions}.test.ts",
  "test/worker/ops/{counting,metrics}.test.ts",
  "test/worker/plans/**/*.test.ts",
  "test/worker/privacy/erasure.test.ts",
  "test/worker/records/{backends,journal}.test.ts",
  "test/worker/refresh/{config,dead-letters,marks}.test.ts",
];

/** What the Worker and its tests import of packages. */
const BUNDLED = [
  "@better-auth/utils/base32",
  "@better-auth/utils/otp",
  "@hono/zod-openapi",
  "@simplewebauthn/server",
  "@zxcvbn-ts/core",
  "aws4fetch",
  "better-auth/db",
  "cockatiel",
  "drizzle-orm",
  "drizzle-orm/batch",
  "drizzle-orm/d1",
  "drizzle-orm/sqlite-core",
  "fast-check",
  "fflate",
  "hono",
  "hono/body-limit",
  "hono/combine",
  "hono/cors",
  "hono/http-exception",
  "hono/route",
  "itty-durable",
  "jose",
  "ml-matrix",
  "modern-tar",
  "postgres",
  "re2js",
  "saxes",
  "standardwebhooks",
  "zod",
];

/** The same order on every machine: what one file leaves behind in a shared deployment is then always the same. */
class ByPath extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
  }
}

/** Packages without their source maps, which are most of what a runtime would be sent at its start. */
const WITHOUT_MAPS: Plugin = {
  name: "packages-without-source-maps",
  enforce: "post",
  transform: (code, id) => (id.includes("/node_modules/") ? { code, map: { mappings: "" } } : null),
};

/** `expect.poll` gives up after a second by default, which a step of a page or a queue often takes on a busy machine. */
const POLL = { poll: { timeout: 20_000 } } as const;
const PAGE_POLL = { poll: { timeout: 60_000 } } as const;

const UNFELT_LIMIT = {
  WRITE_LIMIT: { namespace_id: "1002", simple: { limit: 1_000_000, period: 60 } },
} as const;

/**
 * A project whose tests run inside workerd, against real objects, D1, R2 and KV.
 * @param isolate whether each file gets a deployment of its own; else all files share one, which is loaded once.
 */
function inRuntime(
  name: string,
  { include, exclude = [], isolate }: { include: string[]; exclude?: string[]; isolate: boolean },
): TestProjectInlineConfiguration {
  return {
    // Two projects run beside each other: each bundles its dependencies for itself.
    cacheDir: `node_modules/.vite/${name}`,
    plugins: [
      WITHOUT_MAPS,
      cloudflareTest(async () => {
        // The Worker reads the list of common passwords from there.
        await buildPages();
        return {
          // Both Workers in one, as they are; what they answer is compared with what it declares.
          main: "./test/support/worker/checked-main.ts",
          wrangler: { configPath: localConfigFile("whole") },
          miniflare: {
            queueProducers: UNREAD_QUEUES,
            // One author publishes for all files that share a deployment: more in a minute than a person may.
            ...(isolate ? {} : { ratelimits: UNFELT_LIMIT }),
            // Heartbeats twice a second: what is found at the next beat is found within the test.
            bindings: {
              AUTH_SECRET,
              METRICS_TOKEN,
              // Tests of the metrics push by themselves; all others are spared what goes on beside their requests.
              METRICS_PUSH_SECONDS: "0",
              // Tests pretend to have courses of a million; the one of the bound sets its own.
              SHARD_ENROLLMENTS: "1000000000",
              TEST_MIGRATIONS: await readD1Migrations(SETTINGS.migrations.directory),
              TEST_SHARD_MIGRATIONS: existsSync(SETTINGS.migrations.shard)
                ? await readD1Migrations(SETTINGS.migrations.shard)
                : [],
              HEARTBEAT_SECONDS: "0.4",
            },
          },
        };
      }),
    ],
    test: {
      name,
      include,
      exclude,
      isolate,
      ...(isolate ? {} : { maxWorkers: 1 }),
      setupFiles: ["./test/support/repeatable.ts", "./test/support/worker/setup.ts"],
      // Packages are bundled once: a runtime then loads a few files of them, not hundreds. (itty-durable is CommonJS that
      // requires ESM; nothing else lets the test runner load it.)
      deps: {
        optimizer: { ssr: { enabled: true, include: BUNDLED, rolldownOptions: { external: [/^(node|cloudflare):/] } } },
      },
      testTimeout: 30_000,
      expect: POLL,
    },
  };
}

export default defineConfig({
  test: {
    // Request logs of tests that pass are noise; those of a test that fails are shown.
    silent: "passed-only",
    sequence: { sequencer: ByPath },
    // `npm run coverage` alone measures: counting lines makes the tests slower. V8's own counters do not exist in workerd,
    // so the lines are counted by instrumented code (istanbul), in Node and in workerd alike. Pages are driven by the
    // browser tests, in a browser that counts nothing.
    coverage: {
      provider: "istanbul",
      include: ["src/**/*.ts"],
      exclude: ["src/web/**", "src/client/api-types.ts", "**/*.d.ts"],
      reporter: ["text-summary", "json-summary", "html"],
      reportsDirectory: "coverage",
    },
    projects: [
      // Pure code remembers nothing from one file that another could miss: it is loaded once.
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          isolate: false,
          setupFiles: ["./test/support/repeatable.ts"],
          testTimeout: 30_000,
        },
      },
      inRuntime("worker", {
        include: ["test/worker/**/*.test.ts"],
        exclude: [...EMPTYING, ...ALONE, ...CALM, ...LONG],
        isolate: false,
      }),
      inRuntime("alone", { include: ALONE, exclude: [...EMPTYING, ...LONG], isolate: true }),
      inRuntime("long", { include: LONG, isolate: true }),
      inRuntime("calm", { include: CALM, isolate: false }),
      inRuntime("restore", { include: EMPTYING, isolate: true }),
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          exclude: [...SLOW, ...SLOW_BESIDE],
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect: POLL,
        },
      },
      {
        test: {
          name: "slow",
          include: SLOW,
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect: POLL,
        },
      },
      {
        test: {
          name: "slow-beside",
          include: SLOW_BESIDE,
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect: POLL,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          expect: PAGE_POLL,
        },
      },
    ],
  },
});
