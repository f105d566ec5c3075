import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { configFile } from "../../scripts/lib/config/file.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { freePort, freePorts, LOCAL_ADDRESS } from "../../scripts/lib/ports.ts";
import { type ProcessGroup, startGroup } from "../../scripts/lib/process-group.ts";
import { runWrangler, wranglerEnvironment } from "../../scripts/lib/wrangler.ts";
import { mintAccessToken } from "../../src/identity/tokens.ts";
import type { Role } from "../../src/platform/roles.ts";
import { workerdOf } from "./cpu.ts";
import type { HostOptions } from "./host.ts";

/** Name of the Worker behind the product. */
const BACK = "latchkey-back";
const HOST = fromRoot("bench/lib/host.ts");
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const START_TRIES = 5;
/** Long enough for the longest bench run; no bench is about tokens that expire. */
const TOKEN_SECONDS = 7_200;

export interface Bundles {
  product: string;
  /** The Worker behind the product; null: the product is the whole. */
  back: string | null;
  baseline: string;
  /** The configuration that the product runs with. */
  config: string;
}

/** Builds the product as it is deployed (minified) and the baseline Worker, into a directory of their own. */
export async function buildBundles(): Promise<Bundles> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-bench-bundle-"));
  for (const which of [[], ["--env", "back"]]) {
    const built = await runWrangler(["deploy", "--dry-run", "--minify", "--outdir", directory, ...which]);
    if (built.code !== 0) throw new Error(`the Worker cannot be built:\n${built.output}`);
  }
  const baseline = join(directory, "baseline.js");
  await build({
    entryPoints: [fromRoot("bench/baseline/worker.ts")],
    outfile: baseline,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd"],
    external: ["cloudflare:*"],
    logLevel: "error",
  });
  return { product: join(directory, "index.js"), back: join(directory, "back.js"), baseline, config: configFile() };
}

export interface Server {
  /** The product, straight on a socket of workerd. */
  readonly url: string;
  /** The baseline Worker in the same workerd. */
  readonly baseline: string;
  /** Fires a cron of wrangler.toml. @throws when its handler fails. */
  cron(expression: string): Promise<void>;
  readonly stateDir: string;
  /** Its AUTH_SECRET, for another server that is to understand what this one signed. */
  readonly secret: string;
  readonly inspectorPort: number | null;
  /** Process id of workerd. */
  workerd(): number;
  token(user: string, role?: Role, session?: string | null): Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** How a server is started. */
interface ServerOptions {
  bindings?: Record<string, string>;
  inspect?: boolean;
  queueSeconds?: number | null;
  breakObjects?: boolean;
  classes?: string[] | null;
  /** Without the Worker behind the product, for the start of the one that answers. */
  isAlone?: boolean;
  /** Where the product answers; a free port when left out. */
  port?: number;
  /** AUTH_SECRET; a fresh one when left out. */
  secret?: string;
}

/**
 * Starts workerd on the built Worker, directly on its own socket, with everything stored below `stateDir`. A port that
 * somebody else has taken in the same moment costs another try, with others.
 * @throws with the end of the log when it does not answer.
 */
export async function startServer(bundles: Bundles, stateDir: string, options: ServerOptions = {}): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(bundles, stateDir, options);
    } catch (fault) {
      if (tries === START_TRIES || !String(fault).includes("ERR_ADDRESS_IN_USE")) throw fault;
    }
  }
}

async function startOnce(
  bundles: Bundles,
  stateDir: string,
  {
    bindings = {},
    inspect = false,
    queueSeconds = null,
    breakObjects = false,
    classes = null,
    isAlone = false,
    port,
    secret = randomBytes(32).toString("base64url"),
  }: ServerOptions,
): Promise<Server> {
  const [entry = 0, baseline = 0, product = 0] = await freePorts(3);
  const ports = { entry, baseline, product: port ?? product };
  const inspectorPort = inspect ? await freePort() : null;
  const options: HostOptions = {
    stateDir,
    bundle: bundles.product,
    back: isAlone ? null : bundles.back,
    baseline: bundles.baseline,
    config: bundles.config,
    ports,
    inspectorPort,
    queueSeconds,
    breakObjects,
    classes,
    // Some hundred learners make the load of a whole school: the rate limit of reads is not what is measured.
    bindings: { AUTH_SECRET: secret, READ_ALLOWANCE: "1000000000", ...bindings },
  };
  const group = await startGroup([HOST, JSON.stringify(options)], wranglerEnvironment(stateDir));
  const log: string[] = [];
  for (const stream of [group.leader.stdout, group.leader.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => log.splice(0, Math.max(0, log.push(text) - 50)));
  }
  const at = (port: number) => `http://${LOCAL_ADDRESS}:${port}`;
  const url = at(ports.product);
  await untilItAnswers(url, group, log);
  return {
    url,
    baseline: at(ports.baseline),
    cron: async (expression) => {
      const answer = await fetch(`${at(ports.entry)}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(expression)}`, {
        headers: bundles.back === null ? {} : { "MF-Route-Override": BACK },
      });
      if (!answer.ok) throw new Error(`cron "${expression}" failed: ${answer.status} ${await answer.text()}`);
      await answer.body?.cancel();
    },
    stateDir,
    secret,
    inspectorPort,
    workerd: () => workerdOf(group.pid),
    token: (user, role = "learner", session = null) =>
      mintAccessToken(secret, { sub: user, role, session, lifetimeSeconds: TOKEN_SECONDS }),
    stop: () => group.stop(),
    kill: () => group.kill(),
  };
}

async function untilItAnswers(url: string, group: ProcessGroup, log: readonly string[]): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const response = await fetch(`${url}/health`);
      await response.body?.cancel();
      return;
    } catch {
      if (Date.now() > deadline || group.leader.exitCode !== null) {
        await group.kill();
        throw new Error(`the runtime did not start:\n${log.join("")}`);
      }
      await sleep(POLL_MS);
    }
  }
}
