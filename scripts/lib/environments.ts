// Bindings and variables are not inherited by an environment: one that is forgotten is simply missing there, and one that
// is copied by hand points at production's queue. So the sections of the environments are made from those above them.

/** Environments that are deployed. Above them stands what runs on this machine. */
export const ENVIRONMENTS = ["staging", "production"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** The D1 database of each. */
export const DATABASES = { staging: "latchkey-staging", production: "latchkey" } as const;

/** Everything from this line on is written by `npm run environments`. */
export const GENERATED =
  "# --- Written by `npm run environments` from what stands above; never edit below this line. ---";

/** Sections an environment inherits from the top of the file. */
const INHERITED = /^(exports\.\w+|triggers|limits|observability|assets|build)$/;
/** Keys whose values name something of the account, which each environment has for itself. */
const NAMES = /^(\s*(?:database_name|bucket_name|queue|dead_letter_queue|dataset)\s*=\s*)"latchkey([-_"])/;
/** Rate limits of an account count under numbers of four digits; the first tells the environments apart. */
const NAMESPACE_ID = /^(\s*namespace_id\s*=\s*)"1(\d{3})"/;
const ENVIRONMENT_VAR = /^(ENVIRONMENT\s*=\s*)".*"/;

interface Section {
  /** What stands in the brackets. */
  path: string;
  isList: boolean;
  lines: string[];
}

/** The sections of a file without its comments. */
function sectionsOf(toml: string): Section[] {
  const sections: Section[] = [];
  for (const line of toml.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const header = /^(\[\[?)([\w.]+)\]\]?\s*$/.exec(line);
    if (header !== null) sections.push({ path: header[2] ?? "", isList: header[1] === "[[", lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** One line of a section, as it must read in an environment. */
function inEnvironment(line: string, environment: Environment): string {
  const named = line.replace(ENVIRONMENT_VAR, `$1"${environment}"`);
  if (environment === "production") return named;
  const renamed = named.replace(NAMES, (_line, key: string, next: string) => {
    // Datasets of Analytics Engine are written with underscores.
    return next === "_" ? `${key}"latchkey_staging_` : `${key}"latchkey-staging${next}`;
  });
  return renamed.replace(NAMESPACE_ID, '$1"2$2"');
}

/** Name of the Worker in an environment. */
export function workerName(environment: Environment): string {
  return environment === "production" ? "latchkey" : `latchkey-${environment}`;
}

/** The file with the sections of both environments written anew. */
export function withEnvironments(toml: string): string {
  const [top = ""] = toml.split(GENERATED);
  const shared = sectionsOf(top).filter(({ path }) => !INHERITED.test(path));
  const blocks = ENVIRONMENTS.map((environment) => {
    const head = `[env.${environment}]\nname = "${workerName(environment)}"`;
    const sections = shared.map(({ path, isList, lines }) => {
      const header = isList ? `[[env.${environment}.${path}]]` : `[env.${environment}.${path}]`;
      return [header, ...lines.map((line) => inEnvironment(line, environment))].join("\n");
    });
    return [head, ...sections].join("\n\n");
  });
  return `${top.trimEnd()}\n\n${[GENERATED, ...blocks].join("\n\n")}\n`;
}
