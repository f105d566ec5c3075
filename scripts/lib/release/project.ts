import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { SETTINGS } from "../../config/settings.ts";
import { COMMITTED } from "../config/file.ts";
import { type BoundDatabase, databasesOf, type Environment, environmentOf, type Part } from "../environments.ts";
import { migrationDigests } from "../migrations.ts";
import { fromRoot } from "../paths.ts";
import type { Migration } from "./schema.ts";

/** What wrangler.toml says of one environment, as far as a release must know it. */
export interface Project {
  environment: Environment;
  /** Names of both Workers. */
  scripts: Record<Part, string>;
  /** The directory, and then the shards. */
  databases: ProjectDatabase[];
  requiredSecrets: string[];
  /** Object classes that each Worker exports. */
  classes: Record<Part, string[]>;
  /** Queues, dead-letter queues among them. */
  queues: string[];
}

export interface ProjectDatabase extends BoundDatabase {
  /** Its migrations, in the order in which they apply. */
  files: Migration[];
}

const configSchema = z.looseObject({
  name: z.string(),
  secrets: z.looseObject({ required: z.array(z.string()).default([]) }).optional(),
  exports: z.record(z.string(), z.looseObject({ type: z.string() })).default({}),
  queues: z.looseObject({
    producers: z.array(z.looseObject({ queue: z.string() })).default([]),
    consumers: z.array(z.looseObject({ queue: z.string(), dead_letter_queue: z.string().optional() })).default([]),
  }),
});

/** Reads wrangler.toml with wrangler's own reader. @throws when the file is not valid. */
export function readProject(environment: Environment): Project {
  const parts = { edge: readPart(environment, "edge"), back: readPart(environment, "back") };
  return {
    environment,
    scripts: { edge: parts.edge.name, back: parts.back.name },
    databases: databasesOf(environment, SETTINGS.shards).map((database) => ({
      ...database,
      files: readMigrations(fromRoot(database.migrations)),
    })),
    requiredSecrets: parts.edge.secrets?.required ?? [],
    classes: { edge: classesOf(parts.edge), back: classesOf(parts.back) },
    queues: [...new Set([...queuesOf(parts.edge), ...queuesOf(parts.back)])].sort(),
  };
}

type Config = z.output<typeof configSchema>;

function readPart(environment: Environment, part: Part): Config {
  const env = environmentOf(environment, part);
  const raw = unstable_readConfig({ config: COMMITTED, ...(env === undefined ? {} : { env }) }, { hideWarnings: true });
  return configSchema.parse(JSON.parse(JSON.stringify(raw)));
}

function classesOf({ exports }: Config): string[] {
  return Object.entries(exports)
    .flatMap(([name, { type }]) => (type === "durable-object" ? [name] : []))
    .sort();
}

function queuesOf({ queues: { producers, consumers } }: Config): string[] {
  return [...producers, ...consumers].flatMap((one) =>
    "dead_letter_queue" in one && typeof one.dead_letter_queue === "string"
      ? [one.queue, one.dead_letter_queue]
      : [one.queue],
  );
}

function readMigrations(directory: string): Migration[] {
  return Object.entries(migrationDigests(directory)).map(([name, sha256]) => ({
    name,
    sha256,
    sql: readFileSync(join(directory, name), "utf8"),
  }));
}
