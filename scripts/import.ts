import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { courseDocumentSchema, documentPaths, splitDocument } from "../src/courses/document.ts";
import { type ImportedCourse, importExercism } from "../src/courses/importers/exercism.ts";
import { mintAccessToken } from "../src/identity/tokens.ts";
import { zodErrors } from "../src/shared/field-errors.ts";
import type { FieldError, Result } from "../src/shared/results.ts";
import { analyze } from "../src/unlock/analyze.ts";
import { type ApiAnswer, type ApiClient, api } from "./lib/api-client.ts";
import { parseJson } from "./lib/json.ts";
import { LOCAL_SECRETS_FILE, readLocalSecret } from "./lib/local-secrets.ts";

/** Where `npm start` serves. */
const DEFAULT_URL = "http://localhost:8787";
/** The user in whose name a local import is done. */
const IMPORTER = "importer";
/** Lifetime of the token minted for one import, seconds: an import takes a few. */
const TOKEN_SECONDS = 600;
/** Most errors printed; the first ones say what is wrong with a file. */
const MAX_PRINTED = 50;
/** Hosts that share this checkout's secret. */
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Reads a course from somebody else's form. Paths of errors and warnings are places in the source. */
type Importer = (source: string, course: string | undefined) => Promise<Result<ImportedCourse>>;

/** A new form is one module and one line here. */
const IMPORTERS: Record<string, { source: string; about: string; read: Importer }> = {
  exercism: { source: "<config.json>", about: "config.json of an Exercism track", read: fromJson(importExercism) },
};

const USAGE = `Usage: npm run -s import -- <form> <source> [--course SLUG] [--url BASE] [--token TOKEN] [--dry-run]

Reads a course, creates it where it does not exist, and publishes it as a new version. What happens is told on
stderr; the server's answer is printed on stdout.

${Object.entries(IMPORTERS)
  .map(([form, { source, about }]) => `  ${`${form} ${source}`.padEnd(26)}${about}`)
  .join("\n")}

  --course SLUG             slug of the course; default the one in the source
  --url BASE                the server; default ${DEFAULT_URL}
  --token TOKEN             bearer token of an author or admin; default one made with the local secret
  --dry-run                 read and check only; prints the course document and asks no server
  --help                    this text
`;

/** A sentence for the person at the terminal, with the places it is about. */
class ImportError extends Error {
  readonly errors: readonly FieldError[];

  constructor(message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.errors = errors;
  }
}

/** The command line itself is wrong, so the usage helps. */
class UsageError extends ImportError {}

interface Request {
  form: string;
  read: Importer;
  source: string;
  course: string | undefined;
  url: string;
  token: string | undefined;
  isDryRun: boolean;
}

function readArguments(): Request | "help" {
  const { values, positionals } = parse();
  if (values.help) return "help";
  const [form = "", source, ...rest] = positionals;
  const importer = Object.hasOwn(IMPORTERS, form) ? IMPORTERS[form] : undefined;
  if (importer === undefined) throw new UsageError(`Name a form: ${Object.keys(IMPORTERS).join(", ")}.`);
  if (source === undefined || rest.length > 0) throw new UsageError(`Name one source: ${form} ${importer.source}.`);
  const url = values.url.replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) throw new UsageError("--url must be an http(s) address.");
  const { course, token, "dry-run": isDryRun } = values;
  return { form, read: importer.read, source, course, url, token, isDryRun };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        course: { type: "string" },
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

function fromJson(importer: (json: unknown, course?: string) => Result<ImportedCourse>): Importer {
  return async (source, course) => {
    const parsed = parseJson(await readText(source));
    if ("value" in parsed) return importer(parsed.value, course);
    const { line, column, message } = parsed.defect;
    throw new ImportError(`${source} is not JSON: line ${line}, column ${column}: ${message}.`);
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (fault) {
    throw new ImportError(`${file} cannot be read: ${reason(fault)}.`);
  }
}

/** The innermost cause: `fetch` says only "fetch failed", and the system below it why. */
function reason(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  if (fault.cause instanceof Error) return reason(fault.cause);
  const code = Reflect.get(fault, "code");
  return fault.message || (typeof code === "string" ? code : fault.name);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function list(errors: readonly FieldError[], sign: string): void {
  for (const { path, rule, message } of errors.slice(0, MAX_PRINTED)) {
    say(`  ${sign} ${path === "" ? "(the whole)" : path}: ${message} [${rule}]`);
  }
  if (errors.length > MAX_PRINTED) say(`  ${sign} and ${errors.length - MAX_PRINTED} more`);
}

/** The same checks the server makes, so that a course that cannot be published is not created either. */
function check({ document }: ImportedCourse): void {
  const parsed = courseDocumentSchema.safeParse(document);
  if (!parsed.success) throw new ImportError("The course document breaks its schema.", zodErrors(parsed.error));
  const { errors, warnings } = analyze(splitDocument(parsed.data).outline, documentPaths(parsed.data));
  list(warnings, "!");
  if (errors.length > 0) throw new ImportError("The rules of the course cannot be published.", errors);
}

async function tokenFor({ token, url }: Request): Promise<string> {
  if (token !== undefined) return token;
  if (!LOCAL_HOSTS.has(new URL(url).hostname)) throw new UsageError(`--token is needed for ${url}.`);
  const secret = readLocalSecret();
  if (secret === null) {
    throw new ImportError(`There is no AUTH_SECRET in ${LOCAL_SECRETS_FILE}. Run "npm start" once: it makes one.`);
  }
  return mintAccessToken(secret, { sub: IMPORTER, role: "admin", session: null, lifetimeSeconds: TOKEN_SECONDS });
}

async function send(client: ApiClient, url: string, path: string, body: unknown): Promise<ApiAnswer> {
  try {
    return await client.post(path, body);
  } catch (fault) {
    const hint = LOCAL_HOSTS.has(new URL(url).hostname) ? ' Is it running? "npm start" starts it.' : "";
    throw new ImportError(`${url} does not answer: ${reason(fault)}.${hint}`);
  }
}

/** What a refusal says, from its problem document (RFC 9457). */
function refused(what: string, { status, body }: ApiAnswer): ImportError {
  const member = (name: string): unknown =>
    typeof body === "object" && body !== null ? Reflect.get(body, name) : null;
  const words = [member("title"), member("detail"), member("request_id")].filter((word) => typeof word === "string");
  const errors: unknown = member("errors");
  return new ImportError(
    `${what} was refused with ${status}: ${words.join("; ") || "no reason given"}.`,
    Array.isArray(errors) ? errors.filter(isFieldError) : [],
  );
}

function isFieldError(value: unknown): value is FieldError {
  if (typeof value !== "object" || value === null) return false;
  return ["path", "rule", "message"].every((name) => typeof Reflect.get(value, name) === "string");
}

async function run(request: Request): Promise<unknown> {
  say(`read     ${request.source}`);
  const imported = await request.read(request.source, request.course);
  if (!imported.ok) {
    throw new ImportError(`${request.source} is not what ${request.form} expects.`, imported.refusal.errors);
  }
  const { document, warnings } = imported.value;
  const { slug, title, chapters = [], problems = [] } = document;
  const inChapters = chapters.reduce((sum, chapter) => sum + (chapter.problems?.length ?? 0), 0);
  say(`map      course ${slug}: ${chapters.length} chapters, ${inChapters + problems.length} problems`);
  list(warnings, "!");
  check(imported.value);
  if (request.isDryRun) return document;

  const client = api(request.url, await tokenFor(request));
  const created = await send(client, request.url, "/api/v1/courses", { slug, title });
  const exists = created.status === 409;
  if (created.status >= 300 && !exists) throw refused("Creating the course", created);
  say(`create   ${slug} ${exists ? "exists already" : "created"}`);

  const note = `Imported from ${request.form}`;
  const published = await send(client, request.url, `/api/v1/courses/${slug}/versions`, { document, note });
  if (published.status >= 300) throw refused("Publishing", published);
  say(`publish  ${slug} published on ${request.url}`);
  return published.body;
}

try {
  const request = readArguments();
  if (request === "help") process.stdout.write(USAGE);
  else process.stdout.write(`${JSON.stringify(await run(request), null, 2)}\n`);
} catch (fault) {
  if (!(fault instanceof ImportError)) throw fault;
  say(fault.message);
  list(fault.errors, "-");
  if (fault instanceof UsageError) say("More: npm run -s import -- --help");
  process.exitCode = 1;
}
