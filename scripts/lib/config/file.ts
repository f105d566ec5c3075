import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { SETTINGS } from "../../config/settings.ts";
import { ENVIRONMENTS, workerName } from "../environments.ts";
import { fromRoot } from "../paths.ts";
import { type Settings, shardCount } from "./schema.ts";
import { inheritedSections, ownSections } from "./sections.ts";
import { comment, compact, line, spacious } from "./toml.ts";

/** The committed configuration, which is what is deployed. */
export const COMMITTED = fromRoot("wrangler.toml");

/** The whole text of a configuration. */
export function configText(shards = SETTINGS.shards, settings: Settings = SETTINGS): string {
  const { date, flags } = settings.compatibility;
  const head = [
    "# Written whole by `npm run config` from scripts/config/settings.ts; change that. Comments name the trap behind a line.",
    line({ key: "name", value: settings.product }),
    line({ key: "main", value: settings.main }),
    "",
    ...comment(date.why),
    line({ key: "compatibility_date", value: date.value }),
    "",
    ...comment(flags.why),
    line({ key: "compatibility_flags", value: flags.value }),
    "",
    ...comment(
      "What is uploaded is small, so that an isolate starts soon. Names of functions are shortened too: nothing may look at them.",
    ),
    line({ key: "minify", value: true }),
    line({ key: "keep_names", value: false }),
  ];
  const environments = ENVIRONMENTS.map((environment) =>
    [
      `[env.${environment}]`,
      line({ key: "name", value: workerName(environment) }),
      compact(`env.${environment}`, ownSections(settings, environment, shards)),
    ].join("\n"),
  );
  return `${[
    head.join("\n"),
    spacious([...ownSections(settings, "local", shards), ...inheritedSections(settings)]),
    "# The same for the environments, which inherit no binding and no variable.",
    ...environments,
  ].join("\n\n")}\n`;
}

/**
 * Number of shards of this run on this machine: LATCHKEY_SHARDS, or what is committed. Deployments never ask this.
 * @throws when it is no number that a configuration can have.
 */
export function shardsOfRun(): number {
  const asked = process.env.LATCHKEY_SHARDS;
  return asked === undefined || asked === "" ? SETTINGS.shards : shardCount.parse(asked);
}

/**
 * The configuration of this run on this machine: wrangler.toml, or a file beside it for another number of shards (paths
 * in it are relative to where it stands). Written as a whole or not at all: two processes may ask at once.
 */
export function configFile(): string {
  const shards = shardsOfRun();
  if (shards === SETTINGS.shards) return COMMITTED;
  const file = fromRoot(`wrangler.shards-${shards}.toml`);
  const wanted = configText(shards);
  if (read(file) === wanted) return file;
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, wanted);
  renameSync(draft, file);
  return file;
}

/** A file's text, or null where there is none. */
export function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
