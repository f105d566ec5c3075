import { SETTINGS } from "../config/settings.ts";
import type { Settings } from "./config/schema.ts";

/** Environments that are deployed. Beside them stands what runs on this machine. */
export const ENVIRONMENTS = ["staging", "production"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
/** Where the Worker runs. */
export type Place = Environment | "local";

/** The name of a thing of the account in one place: staging shares none with production. */
export function nameIn(place: Place, word: string, { product }: Pick<Settings, "product"> = SETTINGS): string {
  const first = place === "staging" ? `${product}-staging` : product;
  return word === "" ? first : `${first}-${word}`;
}

/**
 * The two Workers that the service is made of. The edge has the objects, and answers what learners ask for all day. The
 * back has the whole API for what the edge forwards, the queues and the crons.
 */
export const PARTS = ["edge", "back"] as const;
export type Part = (typeof PARTS)[number];

/** Name of a Worker in an environment. */
export function workerName(place: Place, part: Part = "edge", settings: Pick<Settings, "product"> = SETTINGS): string {
  return nameIn(place, part === "edge" ? "" : part, settings);
}

/** The environment of wrangler.toml that describes a Worker; undefined: the top of the file. */
export function environmentOf(place: Place, part: Part): string | undefined {
  if (place === "local") return part === "edge" ? undefined : part;
  return part === "edge" ? place : `${place}-${part}`;
}

/** One D1 database as the Worker is bound to it. */
export interface BoundDatabase {
  binding: string;
  name: string;
  /** Its folder of migrations, from the root of the checkout. */
  migrations: string;
}

/** The directory, which all courses share and which is the first shard too, and then the further shards from number 2 on. */
export function databasesOf(place: Place, shards: number, settings: Settings = SETTINGS): BoundDatabase[] {
  const { migrations } = settings;
  const numbers = Array.from({ length: shards - 1 }, (_, at) => at + 2);
  return [
    { binding: "DB", name: nameIn(place, "", settings), migrations: migrations.directory },
    ...numbers.map((number) => ({
      binding: `DB_SHARD_${number}`,
      name: nameIn(place, `shard-${number}`, settings),
      migrations: migrations.shard,
    })),
  ];
}
