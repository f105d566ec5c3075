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

/** Name of the Worker in an environment. */
export function workerName(environment: Environment): string {
  return nameIn(environment, "");
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
