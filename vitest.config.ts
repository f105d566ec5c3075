import { randomBytes } from "node:crypto";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

// A fresh secret for each run: a test can neither rely on one nor leak one.
const AUTH_SECRET = randomBytes(32).toString("base64url");
const METRICS_TOKEN = randomBytes(32).toString("base64url");

/**
 * System tests that take long: storms with killed processes, real data, other programs, whole releases. `npm run
 * test:drills` runs them; `npm test` does not, so that it stays below ten minutes.
 */
const DRILLS = [
  "test/system/release/**/*.test.ts",
  "test/system/{backup,crash,exercism,files,load,monitoring,records,replay,validate}.test.ts",
  "test/system/insight*.test.ts",
];

/**
 * What the tests of the Worker send goes to queues that nobody consumes: a test delivers what it wants delivered, and no
 * file ends while a consumer is starting, which the runner would wait for without end. The system tests have the real ones.
 */
const UNHEARD_QUEUES = Object.fromEntries(
  ["REFRESH", "PROJECTION", "EVENT", "BACKUP", "INSIGHT"].map((name) => [
    `${name}_QUEUE`,
    { queueName: `unheard-${name.toLowerCase()}` },
  ]),
);

/** Tests that empty the whole deployment, which takes a runtime of their own. */
const EMPTYING = ["test/worker/backup/{restore,meanwhile}.test.ts"];

/** A project whose tests run inside workerd, against real objects, D1, R2 and KV. */
function inRuntime(name: string, include: string[], exclude: string[]): TestProjectInlineConfiguration {
  return {
    plugins: [
      cloudflareTest(async () => ({
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          queueProducers: UNHEARD_QUEUES,
          // Heartbeats twice a second: what is found at the next beat is found within the test.
          bindings: {
            AUTH_SECRET,
            METRICS_TOKEN,
            // Tests of the metrics push by themselves; all others are spared what goes on beside their requests.
            METRICS_PUSH_SECONDS: "0",
            TEST_MIGRATIONS: await readD1Migrations("./migrations"),
            HEARTBEAT_SECONDS: "0.4",
          },
        },
      })),
    ],
    test: {
      name,
      include,
      exclude,
      setupFiles: ["./test/support/worker/setup.ts"],
      // itty-durable is CommonJS that requires ESM; bundling it is what lets the test runner load it.
      deps: { optimizer: { ssr: { enabled: true, include: ["itty-durable"] } } },
      testTimeout: 30_000,
    },
  };
}

export default defineConfig({
  test: {
    // Request logs of tests that pass are noise; those of a test that fails are shown.
    silent: "passed-only",
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
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      inRuntime("worker", ["test/worker/**/*.test.ts"], EMPTYING),
      inRuntime("restore", EMPTYING, []),
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          exclude: DRILLS,
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "drill",
          include: DRILLS,
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
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
        },
      },
    ],
  },
});
