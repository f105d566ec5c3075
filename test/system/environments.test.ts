import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { DATABASES, ENVIRONMENTS, withEnvironments, workerName } from "../../scripts/lib/environments.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";

const CONFIG = fromRoot("wrangler.toml");

/** What wrangler makes of the file for one environment (none: this machine), as plain data. */
function configOf(environment?: string): Record<string, unknown> {
  const config = unstable_readConfig(
    { config: CONFIG, ...(environment === undefined ? {} : { env: environment }) },
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
  it.each(ENVIRONMENTS)("%s has every binding, variable, secret and trigger that the tests run with", (environment) => {
    const config = configOf(environment);
    expect(comparable(config)).toEqual(comparable(configOf()));
    expect(config.name).toBe(workerName(environment));
    expect(valuesOf(config.d1_databases, ["database_name"])).toEqual([DATABASES[environment]]);
    expect(config.vars).toMatchObject({ ENVIRONMENT: environment });
  });

  it("staging shares nothing with production: no database, bucket, queue or counter", () => {
    const [staging, production] = [configOf("staging"), configOf("production")].map((config) =>
      valuesOf(config, RESOURCES),
    );
    expect(staging?.length).toBeGreaterThan(10);
    expect(production?.filter((name) => staging?.includes(name))).toEqual([]);
  });

  it("are what `npm run environments` writes", () => {
    const text = readFileSync(CONFIG, "utf8");
    expect(withEnvironments(text)).toBe(text);
  });
});
