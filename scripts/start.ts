import { isAbsolute, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { driveCrons } from "./lib/crons.ts";
import {
  clientFor,
  enroll,
  ensureSampleCourse,
  SAMPLE_AUTHOR,
  SAMPLE_COURSE,
  SAMPLE_LEARNER,
  type TourStop,
  tour,
} from "./lib/demo.ts";
import { type DemoAccount, ensureDemoAccounts } from "./lib/demo-accounts.ts";
import { makeDemoClass } from "./lib/demo-class.ts";
import { ensureLocalSecret } from "./lib/local-secrets.ts";
import { buildPages } from "./lib/pages.ts";
import { ROOT } from "./lib/paths.ts";
import { LOCAL_ADDRESS, portIsTaken } from "./lib/ports.ts";
import { applyMigrations, PortTakenError, type Runtime, StateInUseError, startRuntime } from "./lib/runtime.ts";
import { lockState } from "./lib/state-lock.ts";

/** wrangler's own default, so that its documentation fits. */
const DEFAULT_PORT = 8_787;
const MAX_PORT = 65_535;
const DEFAULT_STATE = ".state";
/** How often we look whether npm, which we were started by, is still there, milliseconds. */
const PARENT_POLL_MS = 1_000;

const HELP = `Starts Latchkey on this machine: the real runtime, with everything it stores kept in a directory.

  npm start -- [--port N] [--state DIR] [--allow-origin ORIGIN ...] [--empty]

  --port N     port on ${LOCAL_ADDRESS}, default ${DEFAULT_PORT}
  --state DIR  where databases, objects, queues and the log are kept, default ${DEFAULT_STATE}
  --allow-origin ORIGIN
               an origin whose pages may call the API, such as http://localhost:5173; may be given several times
  --empty      without the sample course and its people, for a restore
  --help       this text

Ctrl-C stops it. Everything that it stored is there again at the next start. Remove the directory to begin with nothing stored.`;

interface Options {
  port: number;
  stateDir: string;
  isEmpty: boolean;
  /** Origins whose pages may call the API; the pages served here need none. */
  origins: string[];
}

class UsageError extends Error {}

function readOptions(): Options | null {
  let values: {
    port?: string | undefined;
    state?: string | undefined;
    help?: boolean | undefined;
    empty?: boolean | undefined;
    "allow-origin"?: string[] | undefined;
  };
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: "string" },
        state: { type: "string" },
        empty: { type: "boolean" },
        "allow-origin": { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
  if (values.help === true) return null;
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw new UsageError(`--port takes a number from 1 to ${MAX_PORT}, not "${values.port}"`);
  }
  // A path the user gives is relative to where the user is; the default belongs to the checkout.
  const stateDir = values.state === undefined ? resolve(ROOT, DEFAULT_STATE) : resolve(values.state);
  const origins = values["allow-origin"] ?? [];
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new UsageError(
        `--allow-origin takes scheme, host and port, such as http://localhost:5173, not "${origin}"`,
      );
    }
  }
  return { port, stateDir, isEmpty: values.empty === true, origins };
}

function say(text: string): void {
  console.log(text);
}

async function start({ port, stateDir, isEmpty, origins }: Options): Promise<void> {
  if (await portIsTaken(port)) throw new PortTakenError(`port ${port} on ${LOCAL_ADDRESS} is in use`);
  const logFile = resolve(stateDir, "latchkey.log");

  say("Latchkey is starting.");
  const secret = ensureLocalSecret();
  const pages = await buildPages();
  say(`  pages       ${pages.built ? `${pages.files} files, ${pages.kilobytes} kB` : "are up to date"}`);
  say(`  database    checking the schema in ${shown(stateDir)} …`);
  const unlockState = lockState(stateDir);
  const migrated = await applyMigrations(stateDir).finally(unlockState);
  say(`  database    ${migrated ? "migrated to the newest schema" : "is up to date"}`);
  say("  runtime     starting workerd …");
  const runtime = await startRuntime({
    port,
    stateDir,
    logFile,
    isWatching: true,
    vars: { READ_LOG_RATE: "1", ALLOWED_ORIGINS: origins.join(" ") },
  });
  say(`  runtime     answers on port ${port}`);
  const crons = driveCrons(runtime.url, (fault) => {
    console.error(`a cron run failed: ${fault instanceof Error ? fault.message : String(fault)}`);
  });
  endWith(runtime, () => crons.stop(), logFile);

  const url = `http://localhost:${port}`;
  const { stops, accounts } = isEmpty
    ? { stops: [], accounts: [] }
    : await prepareDemo(runtime.url, url, secret, stateDir).catch((fault: unknown) => {
        throw new Error(`${fault instanceof Error ? fault.message : String(fault)}\nThe log is ${shown(logFile)}`);
      });
  say(`  crons       every minute, and 02:00 UTC\n  log         ${shown(logFile)}\n`);

  say(
    `Latchkey is ready. Open:\n\n  ${url}               the pages\n  ${url}/docs          the API, readable\n  ${url}/openapi.json  the API, for tools`,
  );
  say(`  ${url}/health        is it alive?\n  ${url}/mail          the mail it would send`);
  if (accounts.length > 0) say("\nSign in on the pages as:\n");
  for (const { role, email, password } of accounts) say(`  ${role.padEnd(9)}${email.padEnd(22)}${password}`);
  if (stops.length > 0) say(`\nTry, in another terminal, in this directory:`);
  stops.forEach((stop, index) => {
    say(`\n${index + 1}. ${stop.purpose}:\n\n  ${stop.command}\n`);
    say(stop.output.replace(/^/gm, "     "));
    if (stop.note !== undefined) say(`     (${stop.note})`);
  });
  say("\nCtrl-C ends Latchkey.");
}

/** Publishes, enrolls and registers what is missing. @returns the commands and the accounts to show. */
async function prepareDemo(
  runtimeUrl: string,
  url: string,
  secret: string,
  stateDir: string,
): Promise<{ stops: TourStop[]; accounts: DemoAccount[] }> {
  const author = await clientFor(runtimeUrl, secret, SAMPLE_AUTHOR, "author");
  const course = await ensureSampleCourse(author);
  say(
    course.published
      ? `  course      ${SAMPLE_COURSE} published as version ${course.version}`
      : `  course      ${SAMPLE_COURSE} kept at version ${course.version}, with all earlier progress`,
  );
  await enroll(await clientFor(runtimeUrl, secret, SAMPLE_LEARNER, "learner"));
  say(`  learner     ${SAMPLE_LEARNER} is enrolled in ${SAMPLE_COURSE}`);
  const admin = await clientFor(runtimeUrl, secret, "start", "admin");
  const accounts = await ensureDemoAccounts(admin, stateDir);
  if (course.published) {
    const { learners, ms } = await makeDemoClass(admin, Date.now());
    say(`  class       ${learners} made-up learners with two weeks behind them, in ${(ms / 1_000).toFixed(1)} s`);
  }
  return { stops: await tour(runtimeUrl, url, secret), accounts };
}

/** Ends everything with the first signal, at once with the second, and when the runtime or npm ends before us. */
function endWith(runtime: Runtime, stopCrons: () => void, logFile: string): void {
  let ending = false;
  const end = (reason: string, exitCode: number) => {
    if (ending) {
      void runtime.kill().finally(() => process.exit(1));
      return;
    }
    ending = true;
    stopCrons();
    say(`\n${reason}: ending …`);
    runtime.stop().then(
      () => {
        say("Latchkey has ended; what it stored stays.");
        process.exit(exitCode);
      },
      (fault: unknown) => {
        console.error(fault instanceof Error ? fault.message : String(fault));
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", () => end("Interrupted", 0));
  process.on("SIGTERM", () => end("Asked to end", 0));
  process.on("SIGHUP", () => end("The terminal was closed", 0));
  void runtime.ended.then(() => {
    if (!ending) end(`The runtime ended by itself, see ${shown(logFile)}`, 1);
  });
  if (process.env.npm_lifecycle_event === "start") {
    // A signal that reaches npm alone may end it, or its shell, without ever reaching us.
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent && !ending) end("npm has ended", 1);
    }, PARENT_POLL_MS).unref();
  }
}

/** A path as the user would type it. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
}

try {
  const options = readOptions();
  if (options === null) say(HELP);
  else await start(options);
} catch (fault) {
  const message = fault instanceof Error ? fault.message : String(fault);
  console.error(`Latchkey could not start: ${message}`);
  if (fault instanceof UsageError) console.error(`\n${HELP}`);
  if (fault instanceof PortTakenError) console.error("End what uses it, or choose another: npm start -- --port 8788");
  if (fault instanceof StateInUseError) console.error("End the other one, or choose another: npm start -- --state DIR");
  process.exit(1);
}
