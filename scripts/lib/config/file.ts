import { createHash, randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { SETTINGS } from "../../config/settings.ts";
import { ENVIRONMENTS, environmentOf, type Place, workerName } from "../environments.ts";
import { fromRoot } from "../paths.ts";
import { type Settings, shardCount } from "./schema.ts";
import { type Bound, backSections, inheritedSections, ownSections } from "./sections.ts";
import { comment, compact, line, type Section, spacious } from "./toml.ts";

/** The committed configuration, which is what is deployed. */
export const COMMITTED = fromRoot("wrangler.toml");

/** What a run on this machine has in the place of what is committed. */
interface LocalChanges {
  main?: string | undefined;
  vars?: Record<string, string> | undefined;
  /** `main` is a bundle already: wrangler runs it as it is, and builds no pages. */
  isBundled?: boolean;
}

/** What they begin with; the whole has the classes of the edge, and everything else of the back. */
const MAINS = { edge: SETTINGS.main.edge, back: "src/local-back.ts", whole: "test/support/worker/whole-main.ts" };

const NO_CRONS = [{ key: "crons", value: [] }];

const BACK_WHY = `The Worker behind the edge: the whole API for what the edge forwards, the queues and the crons. wrangler's
environments are the way to describe two Workers in one file; this one is not a place.`;

/** The whole text of a configuration: both Workers, for this machine and for each environment. */
export function configText(shards = SETTINGS.shards, settings: Settings = SETTINGS): string {
  return `${[
    `# Written whole by \`npm run config\` from scripts/config/settings.ts; change that. Comments name the trap behind a line.\n${edgeOf(settings, shards)}`,
    backOf(settings, "local", shards, spacious),
    "# The same for the environments, which inherit no binding and no variable.",
    ...ENVIRONMENTS.flatMap((environment) => [
      [
        `[env.${environment}]`,
        line({ key: "name", value: workerName(environment, "edge", settings) }),
        compact(`env.${environment}.`, [
          ...ownSections(settings, environment, shards, "edge"),
          // Inherited too, but `wrangler types` knows only what an environment says itself.
          ...inheritedSections(settings).filter(({ path }) => path === "assets"),
        ]),
      ].join("\n"),
      backOf(settings, environment, shards, compact),
    ]),
  ].join("\n\n")}\n`;
}

function headOf(settings: Settings, name: string, main: string, isBundled = false): string {
  const { date, flags } = settings.compatibility;
  return [
    line({ key: "name", value: name }),
    line({ key: "main", value: main }),
    "",
    ...comment(date.why),
    line({ key: "compatibility_date", value: date.value }),
    "",
    ...comment(flags.why),
    line({ key: "compatibility_flags", value: flags.value }),
    "",
    ...(isBundled
      ? [line({ key: "no_bundle", value: true })]
      : [
          ...comment(
            "What is uploaded is small, so that an isolate starts soon. Names of functions are shortened too: nothing may look at them.",
          ),
          line({ key: "minify", value: true }),
          line({ key: "keep_names", value: false }),
        ]),
  ].join("\n");
}

function edgeOf(settings: Settings, shards: number): string {
  const sections = [...ownSections(settings, "local", shards, "edge"), ...inheritedSections(settings)];
  return [headOf(settings, workerName("local", "edge", settings), settings.main.edge), spacious("", sections)].join(
    "\n\n",
  );
}

/** The Worker behind the edge. It inherits from the top of the file what it does not replace here. */
function backOf(
  settings: Settings,
  place: Place,
  shards: number,
  write: (prefix: string, sections: readonly Section[]) => string,
): string {
  const name = `env.${environmentOf(place, "back")}`;
  return [
    [
      ...(place === "local" ? comment(BACK_WHY) : []),
      `[${name}]`,
      line({ key: "name", value: workerName(place, "back", settings) }),
      line({ key: "main", value: settings.main.back }),
      // Only the edge calls it, by its binding.
      line({ key: "workers_dev", value: false }),
      line({ key: "preview_urls", value: false }),
      // The objects are the edge's.
      line({ key: "exports", value: {} }),
    ].join("\n"),
    write(`${name}.`, [...ownSections(settings, place, shards, "back").map(saidBefore), ...backSections(settings)]),
  ].join("\n\n");
}

/** What the edge has too is explained there. */
function saidBefore(section: Section): Section {
  if (section.path === "queues.consumers") return section;
  return { ...section, why: undefined, entries: section.entries.map((entry) => ({ ...entry, why: undefined })) };
}

/**
 * A configuration of one Worker on this machine: the edge, the back, which wrangler runs beside the edge only from a file
 * of its own, or both Workers in one.
 */
function localText(part: Bound, shards: number, { main, vars = {}, isBundled = false }: LocalChanges): string {
  const settings: Settings = {
    ...SETTINGS,
    vars: {
      ...SETTINGS.vars,
      ...Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, { value }])),
    },
  };
  const back =
    part === "edge"
      ? []
      : backSections(settings)
          .filter(({ path }) => part === "back" || path !== "assets")
          // wrangler fires none here, and would say so at length.
          .map((section) => (section.path === "triggers" ? { ...section, entries: NO_CRONS } : section));
  const inherited = inheritedSections(settings).filter(
    ({ path }) =>
      !(
        back.some((own) => own.path === path) ||
        (part === "back" && path.startsWith("exports.")) ||
        ((part === "back" || isBundled) && path === "build")
      ),
  );
  return `${[
    headOf(settings, workerName("local", part === "back" ? "back" : "edge"), main ?? MAINS[part], isBundled),
    spacious("", [...ownSections(settings, "local", shards, part), ...inherited, ...back]),
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
  return shards === SETTINGS.shards ? COMMITTED : written(`wrangler.shards-${shards}.toml`, configText(shards));
}

/** The configuration of one Worker of this run on this machine, see {@link localText}. */
export function localConfigFile(part: Bound, changes: LocalChanges = {}): string {
  const text = localText(part, shardsOfRun(), changes);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return written(`wrangler.local-${part}-${digest}.toml`, text);
}

/** A file beside wrangler.toml with this text. */
function written(name: string, wanted: string): string {
  const file = fromRoot(name);
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
