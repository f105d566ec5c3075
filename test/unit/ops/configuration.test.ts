import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { SETTINGS } from "../../../scripts/config/settings.ts";
import { COMMITTED, configFile, configText } from "../../../scripts/lib/config/file.ts";
import { settingsSchema } from "../../../scripts/lib/config/schema.ts";
import { databasesOf, ENVIRONMENTS, environmentOf, PARTS, workerName } from "../../../scripts/lib/environments.ts";
import { fromRoot } from "../../../scripts/lib/paths.ts";

/** What wrangler makes of a file for one environment (none: this machine), as plain data. */
function configOf(environment?: string, file = COMMITTED): Record<string, unknown> {
  const config = unstable_readConfig(
    { config: file, ...(environment === undefined ? {} : { env: environment }) },
    { hideWarnings: true },
  );
  return z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(config)));
}

/** Every string below a key of one of these names, wherever it stands. */
function valuesOf(value: unknown, keys: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => valuesOf(entry, keys));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) =>
    keys.includes(key) && typeof entry === "string" ? [entry] : valuesOf(entry, keys),
  );
}

/** Keys whose values name a thing of the account. */
const RESOURCES = ["database_name", "bucket_name", "queue", "dead_letter_queue", "namespace_id", "dataset"];

/** Without what may differ between environments. */
function comparable(config: Record<string, unknown>): unknown {
  const { name: _name, topLevelName: _top, targetEnvironment: _target, definedEnvironments: _all, ...rest } = config;
  const text = JSON.stringify(rest)
    .replaceAll(/latchkey[-_]staging/g, "latchkey")
    .replace(/"namespace_id":"\d(\d{3})"/g, '"namespace_id":"$1"')
    .replace(/"ENVIRONMENT":"\w+"/, '"ENVIRONMENT":""');
  return JSON.parse(text);
}

describe("the environments of wrangler.toml", () => {
  it.each(ENVIRONMENTS.flatMap((environment) => PARTS.map((part) => ({ environment, part }))))(
    "$environment has every binding, variable, secret and trigger of the $part that the tests run with",
    ({ environment, part }) => {
      const config = configOf(environmentOf(environment, part));
      expect(comparable(config)).toEqual(comparable(configOf(environmentOf("local", part))));
      expect(config.name).toBe(workerName(environment, part));
      expect(valuesOf(config.d1_databases, ["database_name"])).toEqual(
        databasesOf(environment, SETTINGS.shards).map(({ name }) => name),
      );
      expect(config.vars).toMatchObject({ ENVIRONMENT: environment });
    },
  );

  it.each(ENVIRONMENTS)(
    "%s has two Workers that are bound to each other, and each binding is in one of them",
    (environment) => {
      const [edge, back] = PARTS.map((part) => configOf(environmentOf(environment, part)));
      const names = { edge: workerName(environment, "edge"), back: workerName(environment, "back") };
      expect(valuesOf(edge?.services, ["service"])).toEqual([names.back]);
      expect(new Set(valuesOf(back?.durable_objects, ["script_name"]))).toEqual(new Set([names.edge]));
      expect(valuesOf(back?.durable_objects, ["class_name"])).toEqual(Object.values(SETTINGS.objects));
      expect(Object.keys(Object(edge?.exports))).toEqual(Object.values(SETTINGS.objects));
      expect(Object.keys(Object(back?.exports))).toEqual([]);
      expect([edge?.triggers, back?.triggers]).toEqual([{ crons: [] }, { crons: SETTINGS.crons }]);
      expect(valuesOf(edge?.queues, ["dead_letter_queue"])).toEqual([]);
      expect(valuesOf(back?.queues, ["dead_letter_queue"])).toHaveLength(Object.keys(SETTINGS.queues).length);
      // Nobody reaches the back but the edge.
      expect([back?.workers_dev, back?.preview_urls]).toEqual([false, false]);
      expect(back?.main).not.toBe(edge?.main);
    },
  );

  it("staging shares no database, bucket, queue or counter with production", () => {
    const [staging, production] = [configOf("staging"), configOf("production")].map((config) =>
      valuesOf(config, RESOURCES),
    );
    expect(staging?.length).toBeGreaterThan(10);
    expect(production?.filter((name) => staging?.includes(name))).toEqual([]);
  });
});

describe("the configuration", () => {
  it("is the one that `npm run config` writes", () => {
    expect(readFileSync(COMMITTED, "utf8")).toBe(configText());
  });

  it.each([1, 2, 4])("binds %i shards, the first of which is the directory, each with its own migrations", (shards) => {
    const file = fromRoot(`wrangler.shards-${shards}.test.toml`);
    onTestFinished(() => rmSync(file));
    writeFileSync(file, configText(shards));
    for (const environment of [undefined, ...ENVIRONMENTS]) {
      const bound = databasesOf(environment ?? "local", shards);
      expect(bound.map(({ binding }) => binding)).toEqual(
        ["DB", "DB_SHARD_2", "DB_SHARD_3", "DB_SHARD_4"].slice(0, shards),
      );
      expect(configOf(environment, file).d1_databases).toMatchObject(
        bound.map(({ binding, name, migrations }) => ({ binding, database_name: name, migrations_dir: migrations })),
      );
    }
  });

  it("of a run with another number of shards is written to another file", () => {
    const before = process.env.LATCHKEY_SHARDS;
    onTestFinished(() => {
      process.env.LATCHKEY_SHARDS = before ?? "";
    });
    process.env.LATCHKEY_SHARDS = "";
    expect(configFile()).toBe(COMMITTED);
    process.env.LATCHKEY_SHARDS = String(SETTINGS.shards);
    expect(configFile()).toBe(COMMITTED);
    process.env.LATCHKEY_SHARDS = "7";
    const file = configFile();
    onTestFinished(() => rmSync(file));
    expect(readFileSync(file, "utf8")).toBe(configText(7));
    for (const wrong of ["0", "-1", "many", "1.5", "65"]) {
      process.env.LATCHKEY_SHARDS = wrong;
      expect(() => configFile()).toThrow(z.ZodError);
    }
  });

  it("refuses settings that wrangler or the platform would refuse", () => {
    const wrong = [
      { ...SETTINGS, shards: 0 },
      { ...SETTINGS, product: "Latch Key" },
      { ...SETTINGS, rateLimits: { lower: 1 } },
      { ...SETTINGS, queues: { ONE_QUEUE: { name: "one", batch: 101, seconds: 1 } } },
      { ...SETTINGS, unknown: true },
    ];
    for (const settings of wrong) expect(settingsSchema.safeParse(settings).success).toBe(false);
  });
});
