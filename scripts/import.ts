import { parseArgs } from "node:util";
import { CANVAS } from "../src/courses/importers/canvas/index.ts";
import { CARTRIDGE } from "../src/courses/importers/cartridge/index.ts";
import type { Format } from "../src/courses/importers/format.ts";
import { MOODLE } from "../src/courses/importers/moodle/index.ts";
import { OLX } from "../src/courses/importers/olx/index.ts";
import { PRAIRIELEARN } from "../src/courses/importers/prairielearn/index.ts";
import { runArchive } from "./lib/import/archive.ts";
import { runExercism } from "./lib/import/exercism.ts";
import { runOulad } from "./lib/import/oulad.ts";
import { runPlatform } from "./lib/import/platform.ts";
import { ImportError, list, say, UsageError } from "./lib/import/report.ts";

/** Where `npm start` serves. */
const DEFAULT_URL = "http://localhost:8787";
/** Time between two lines of progress, seconds. */
const DEFAULT_EVERY = "2";

type Values = ReturnType<typeof parse>["values"];

const OPTIONS = ["course", "report", "people", "draft", "only", "every"] as const;
type Option = (typeof OPTIONS)[number];

interface Form {
  source: string;
  about: string;
  /** Options that only some forms take. */
  options: readonly Option[];
  run(source: string, url: string, values: Values): Promise<unknown>;
}

/** A course of another platform, as an archive or as a folder of the same files. */
function platform(format: Format, about: string): Form {
  return {
    source: "<file>",
    about,
    options: ["course", "report", "people", "draft"],
    run: (source, url, { course, report, people, token, draft, "dry-run": isDryRun }) => {
      if (draft !== true) return runPlatform({ format, source, url, course, report, people, token, isDryRun });
      if (isDryRun || people !== undefined) throw new UsageError("--draft goes with neither --dry-run nor --people.");
      return runArchive({ format: format.name, source, url, course, report, token });
    },
  };
}

/** A new form is one pure module in src/courses/importers and one entry here. */
const FORMS: Record<string, Form> = {
  moodle: platform(MOODLE, "backup of a Moodle course (.mbz), release 2.6 or later"),
  canvas: platform(CANVAS, "export of a Canvas course (.imscc)"),
  olx: platform(OLX, "course of Open edX in OLX (.tar.gz or its folder)"),
  prairielearn: platform(PRAIRIELEARN, "course of PrairieLearn (.zip or its folder)"),
  cartridge: platform(CARTRIDGE, "Common Cartridge 1.1 to 1.3 (.imscc) of any system; it has no unlock rules"),
  exercism: {
    source: "<config.json>",
    about: "config.json of an Exercism track: one course",
    options: ["course", "report"],
    run: (source, url, { course, report, token, "dry-run": isDryRun }) =>
      runExercism({ source, url, course, report, token, isDryRun }),
  },
  oulad: {
    source: "<folder>",
    about: "Open University Learning Analytics Dataset: courses, enrollments and progress",
    options: ["only", "every"],
    run: (source, url, { only, every, token, "dry-run": isDryRun }) =>
      runOulad({ source, url, only: only?.split(",") ?? null, everyMs: readEvery(every), token, isDryRun }),
  },
};

const USAGE = `Usage: npm run -s import -- <form> <source> [options]

Reads courses, creates those that do not exist, and publishes each as a new version. If the source has learners, it then
enrolls them and imports their progress. It checks everything before it sends anything. You can run it again without
harm. Progress is printed on stderr. The server's answer, or a summary, is printed on stdout.

${Object.entries(FORMS)
  .map(([form, { source, about }]) => `  ${`${form} ${source}`.padEnd(26)}${about}`)
  .join("\n")}

  --course SLUG             slug of the course; default: made from the source's own name (not oulad)
  --report FILE             write how every rule and completion setting was imported, as JSON (not oulad)
  --people FILE             enroll the learners in this file and send what they did; each line is NAME,USER: a user name
                            or e-mail address of the source, and the user's id in Latchkey (not exercism, oulad)
  --draft                   send the archive to the server, which imports its files too and makes a draft version; nothing is
                            published. A large archive is sent in parts; run the same command again to continue
  --only NAME,NAME          oulad: only these module presentations, e.g. AAA-2013J,BBB-2013B
  --every SECONDS           oulad: time between two lines of progress; default ${DEFAULT_EVERY}
  --url BASE                the server; default ${DEFAULT_URL}
  --token TOKEN             bearer token of an author or admin (oulad: of an admin); default, for a server on this
                            machine, one made with the local secret
  --dry-run                 read and check only; prints the course documents and asks no server
  --help                    this text
`;

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        course: { type: "string" },
        report: { type: "string" },
        people: { type: "string" },
        draft: { type: "boolean" },
        only: { type: "string" },
        every: { type: "string" },
        url: { type: "string", default: DEFAULT_URL },
        token: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

/** @returns milliseconds. */
function readEvery(every: string = DEFAULT_EVERY): number {
  const seconds = Number(every);
  if (!(seconds >= 0.05 && seconds <= 3_600)) throw new UsageError("--every takes seconds, from 0.05 to 3600.");
  return seconds * 1_000;
}

/** @returns what is to be printed, or null when only help was asked for. */
async function run(): Promise<unknown> {
  const { values, positionals } = parse();
  if (values.help) return null;
  const [name = "", source, ...rest] = positionals;
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (form === undefined) throw new UsageError(`Name a form: ${Object.keys(FORMS).join(", ")}.`);
  if (source === undefined || rest.length > 0) throw new UsageError(`Name one source: ${name} ${form.source}.`);
  for (const option of OPTIONS) {
    if (values[option] !== undefined && !form.options.includes(option)) {
      throw new UsageError(`--${option} means nothing to ${name}.`);
    }
  }
  const url = values.url.replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) throw new UsageError("--url must be an http(s) address.");
  return form.run(source, url, values);
}

try {
  const result = await run();
  process.stdout.write(result === null ? USAGE : `${JSON.stringify(result, null, 2)}\n`);
} catch (fault) {
  if (!(fault instanceof ImportError)) throw fault;
  say(fault.message);
  list(fault.errors, "-");
  if (fault instanceof UsageError) say("More: npm run -s import -- --help");
  process.exitCode = 1;
}
