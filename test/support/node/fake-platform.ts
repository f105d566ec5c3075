import { createInterface } from "node:readline";
import { z } from "zod";
import { fromRoot } from "../../../scripts/lib/paths.ts";
import { startGroup } from "../../../scripts/lib/process-group.ts";
import { wranglerEnvironment } from "../../../scripts/lib/wrangler.ts";

const START_TIMEOUT_MS = 60_000;

const stateSchema = z.object({
  calls: z.array(z.string()),
  unknown: z.array(z.string()),
  totals: z.record(z.string(), z.object({ requests: z.int(), errors: z.int() })),
  deployments: z.array(
    z.looseObject({ versions: z.array(z.object({ version_id: z.string(), percentage: z.number() })) }),
  ),
  /** Shares of the versions of the back, newest deployment first. */
  back: z.array(z.array(z.object({ version_id: z.string(), percentage: z.number() }))),
  versions: z.array(
    z.object({
      id: z.string(),
      number: z.int(),
      classes: z.array(z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

export interface FakePlatform {
  /** Base address of its API, for CLOUDFLARE_API_BASE_URL. */
  readonly api: string;
  /** Where the Worker answers, split over the versions of the current deployment. */
  readonly edge: string;
  /** Environment with which wrangler and our scripts talk to it and to nobody else. */
  readonly environment: NodeJS.ProcessEnv;
  state(): Promise<z.output<typeof stateSchema>>;
  /** Changes a secret past wrangler, as `wrangler secret put` elsewhere would. */
  setSecret(name: string, value: string): Promise<void>;
  /** Pretends that somebody edited the Worker in the dashboard. */
  setEditedFrom(from: "wrangler" | "dash" | "api"): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a fake of Cloudflare's API and edge over a real workerd, in a process that dies with this one.
 * @param options.scripts names of the edge and the back, both with these secrets.
 */
export async function startFakePlatform(options: {
  stateDir: string;
  scripts: readonly [string, string];
  secrets: Record<string, string>;
  /** Queues and databases that are there already. */
  queues: readonly string[];
  databases: readonly string[];
}): Promise<FakePlatform> {
  const main = fromRoot("test/support/node/fake-platform/main.ts");
  const group = await startGroup([main, JSON.stringify(options)], wranglerEnvironment(options.stateDir));
  const log: string[] = [];
  group.leader.stderr?.setEncoding("utf8").on("data", (text: string) => log.push(text));
  const { stdout } = group.leader;
  if (stdout === null) throw new Error("the fake platform has no output");
  const first = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the fake platform did not start:\n${log.join("")}`)),
      START_TIMEOUT_MS,
    );
    group.leader.once("exit", () => reject(new Error(`the fake platform ended:\n${log.join("")}`)));
    createInterface({ input: stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  });
  const { api, edge } = z.object({ api: z.string(), edge: z.string() }).parse(JSON.parse(first));
  const control = async (body: object) => {
    const answer = await fetch(`${api}/fake`, { method: "POST", body: JSON.stringify(body) });
    return stateSchema.parse(await answer.json());
  };
  return {
    api,
    edge,
    environment: {
      ...wranglerEnvironment(options.stateDir),
      CLOUDFLARE_API_BASE_URL: `${api}/client/v4`,
      CLOUDFLARE_API_TOKEN: "a-token-of-the-fake",
      CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
    },
    state: () => control({ do: "state" }),
    setSecret: async (name, value) => void (await control({ do: "secret", name, value })),
    setEditedFrom: async (from) => void (await control({ do: "edited", from })),
    stop: () => group.stop(),
  };
}
