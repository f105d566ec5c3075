import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { builtWorkers } from "./built-workers.ts";
import { configFile, localConfigFile } from "./config/file.ts";
import { ensureLocalSecret } from "./local-secrets.ts";
import { WRANGLER } from "./paths.ts";
import { freePort, LOCAL_ADDRESS, portIsTaken, untilPortIsFree } from "./ports.ts";
import { groupIsAlive, type ProcessGroup, startGroup } from "./process-group.ts";
import { lockState } from "./state-lock.ts";
import { wranglerEnvironment } from "./wrangler.ts";

export { applyMigrations } from "./migrations.ts";
export { StateInUseError } from "./state-lock.ts";

/** A start takes about 4 s on an idle machine; a busy one gets ample time before we call it stuck. */
const START_TIMEOUT_MS = 120_000;
/** How often a starting runtime is asked whether it is there, milliseconds. */
const START_POLL_MS = 50;
/** How long one such question may take, milliseconds: the first answer includes compiling the Worker. */
const HEALTH_TIMEOUT_MS = 10_000;
/** How long one run of a cron handler may take, milliseconds. */
const CRON_TIMEOUT_MS = 120_000;
/** What stands before each line when two Workers run. */
const WORKER_NAME = /^\[(?:undefined|latchkey[\w-]*)\] /;
/** Lines of the log shown when the runtime does not start. */
const TAIL_LINES = 40;

export interface RuntimeOptions {
  /** Port on 127.0.0.1; a free one when left out. */
  port?: number;
  /** Directory of everything that lasts: D1, objects, R2, queues. */
  stateDir: string;
  /** File that is run in the place of both Workers; it exports what they do. */
  main?: string;
  /** Bundles the Workers by itself, and again whenever a source changes: for a person who edits. */
  isWatching?: boolean;
  /** Plain variables that replace those of wrangler.toml. Never secrets: they are visible in the process list. */
  vars?: Record<string, string>;
  /** File the log is appended to. */
  logFile?: string;
  /** Called for each line of the log. */
  onLog?: (line: string) => void;
}

export interface Runtime {
  /** Where it answers, without a trailing slash. */
  readonly url: string;
  /** Id of its process group. */
  readonly pid: number;
  /** Resolves when the runtime has ended, by whatever cause. */
  readonly ended: Promise<void>;
  /** Ends it gracefully; returns when no process is left and its port is free. */
  stop(): Promise<void>;
  /** Kills it as a crash would (SIGKILL for every process); returns when no process is left and its port is free. */
  kill(): Promise<void>;
}

/** The port asked for belongs to somebody else. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

/**
 * Starts both Workers on the real local runtime (one workerd with D1, queues, R2 and objects persisted below `stateDir`) and
 * waits until it answers. Migrations are not applied here, see {@link applyMigrations}.
 * @throws PortTakenError, StateInUseError, or an Error with the end of the log when it does not start.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const port = options.port ?? (await freePort());
  if (await portIsTaken(port)) throw new PortTakenError(`port ${port} on ${LOCAL_ADDRESS} is in use`);
  ensureLocalSecret();
  const unlockState = lockState(options.stateDir);
  try {
    const group = await startGroup(
      [WRANGLER, "dev", ...(await configArguments(options)), ...devArguments(port, await freePort(), options)],
      wranglerEnvironment(options.stateDir),
    );
    return await whenReady(group, port, options, unlockState);
  } catch (fault) {
    unlockState();
    throw fault;
  }
}

async function whenReady(
  group: ProcessGroup,
  port: number,
  options: RuntimeOptions,
  unlockState: () => void,
): Promise<Runtime> {
  const url = `http://${LOCAL_ADDRESS}:${port}`;
  const tail = followLog(group, options);
  try {
    await untilItAnswers(url, group);
  } catch (fault) {
    await group.kill();
    const reason = fault instanceof Error ? fault.message : String(fault);
    throw new Error(`the runtime did not start: ${reason}\n${tail.join("\n")}`);
  }
  const ended = new Promise<void>((resolve) => {
    if (!groupIsAlive(group.pid)) resolve();
    else group.leader.once("exit", () => resolve());
  });
  return {
    url,
    pid: group.pid,
    ended,
    stop: () =>
      group
        .stop()
        .then(() => untilPortIsFree(port))
        .finally(unlockState),
    kill: () =>
      group
        .kill()
        .then(() => untilPortIsFree(port))
        .finally(unlockState),
  };
}

/**
 * Fires one cron of wrangler.toml, as the platform would; the local runtime never does so by itself.
 * @param time when it is due, epoch milliseconds; now when left out.
 * @throws when the handler fails.
 */
export async function runCron(url: string, cron: string, time = Date.now()): Promise<void> {
  const address = `${url}/local/cron?cron=${encodeURIComponent(cron)}&time=${time}`;
  const response = await fetch(address, { signal: AbortSignal.timeout(CRON_TIMEOUT_MS) });
  const outcome = await response.text();
  if (!response.ok) throw new Error(`cron "${cron}" failed: ${response.status} ${outcome}`);
}

/** wrangler gives the variables of its command line to the first Worker alone: the other one has them in its file. */
async function configArguments({ main, isWatching, vars }: RuntimeOptions): Promise<string[]> {
  if (main !== undefined) return ["--config", localConfigFile("whole", { main })];
  if (isWatching === true) return ["--config", configFile(), "--config", localConfigFile("back", { vars })];
  const built = await builtWorkers();
  const edge = localConfigFile("edge", { main: built.edge, isBundled: true });
  const back = localConfigFile("back", { main: built.back, isBundled: true, vars });
  return ["--config", edge, "--config", back];
}

function devArguments(port: number, inspectorPort: number, options: RuntimeOptions): string[] {
  return [
    "--ip",
    LOCAL_ADDRESS,
    "--port",
    String(port),
    "--inspector-port",
    String(inspectorPort),
    "--persist-to",
    options.stateDir,
    "--show-interactive-dev-session=false",
    ...Object.entries(options.vars ?? {}).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
}

/** Sends the log where it is wanted. @returns its last lines, kept up to date. */
function followLog(group: ProcessGroup, options: RuntimeOptions): string[] {
  const tail: string[] = [];
  const file = options.logFile === undefined ? null : createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  const onLine = (raw: string) => {
    const line = stripVTControlCharacters(raw).replace(WORKER_NAME, "");
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    file?.write(`${line}\n`);
    options.onLog?.(line);
  };
  for (const stream of [group.leader.stdout, group.leader.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  }
  group.leader.once("close", () => file?.end());
  return tail;
}

async function untilItAnswers(url: string, group: ProcessGroup): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (!groupIsAlive(group.pid)) throw new Error("it ended by itself");
    try {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
      await response.body?.cancel();
      return;
    } catch {
      await sleep(START_POLL_MS); // nobody listens yet
    }
  }
  throw new Error(`no answer within ${START_TIMEOUT_MS / 1_000} s`);
}
