import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { z } from "zod";
import { LOCAL_ADDRESS } from "../../../../scripts/lib/ports.ts";
import { PlatformApi } from "./api.ts";
import { Edge } from "./edge.ts";
import { VersionRuntime } from "./runtime.ts";
import { Account } from "./state.ts";

// A process of its own: the fake platform with its API, its edge and a real workerd behind it. Prints one line of JSON
// with its addresses; started by fake-platform.ts with its options in the first argument, ends with SIGTERM. At the
// API's address `/fake/…` is for tests alone: what was called, what was counted, and changes made past wrangler.

const options = z
  .object({
    stateDir: z.string(),
    /** The edge, whose versions and deployments tests ask for, and the back. */
    scripts: z.tuple([z.string(), z.string()]),
    secrets: z.record(z.string(), z.string()),
    queues: z.array(z.string()),
    databases: z.array(z.string()),
  })
  .parse(JSON.parse(process.argv[2] ?? "null"));
mkdirSync(options.stateDir, { recursive: true });

const account = new Account();
const runtime = new VersionRuntime(account, options.stateDir);
const edge = new Edge(account, runtime);
const api = new PlatformApi(account, runtime, edge);
const [script, back] = options.scripts.map((name) => account.ensureScript(name));
if (script === undefined || back === undefined) throw new Error("two Workers are needed");
for (const queue of options.queues) account.queues.create(queue);
for (const database of options.databases) account.databases.create(database);
await runtime.run([], (name, request) => edge.call(name, request));
for (const [name, value] of Object.entries(options.secrets)) {
  for (const one of [script, back]) one.secrets.set(name, value);
}

const control = z.discriminatedUnion("do", [
  z.object({ do: z.literal("state") }),
  z.object({ do: z.literal("secret"), name: z.string(), value: z.string() }),
  z.object({ do: z.literal("edited"), from: z.enum(["wrangler", "dash", "api"]) }),
]);
const platform = api.server.listeners("request");
api.server.removeAllListeners("request");
api.server.on("request", (incoming, outgoing) => {
  if (!incoming.url?.startsWith("/fake")) {
    for (const listener of platform) Reflect.apply(listener, api.server, [incoming, outgoing]);
    return;
  }
  let body = "";
  incoming.setEncoding("utf8").on("data", (text: string) => {
    body += text;
  });
  incoming.on("end", () => {
    const asked = control.parse(JSON.parse(body));
    if (asked.do === "secret") script.secrets.set(asked.name, asked.value);
    if (asked.do === "edited") script.lastDeployedFrom = asked.from;
    outgoing.end(
      JSON.stringify({
        calls: api.calls,
        unknown: api.unknown,
        totals: edge.totals(),
        deployments: script.deployments,
        back: back.deployments.map(({ versions }) => versions),
        versions: script.versions.map(({ id, number, classes, metadata }) => ({
          id,
          number,
          classes,
          annotations: metadata.annotations,
        })),
      }),
    );
  });
});

const addresses = { api: await listen(api.server), edge: await listen(edge.server) };
console.log(JSON.stringify(addresses));

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOCAL_ADDRESS, () => {
      const address = server.address();
      resolve(`http://${LOCAL_ADDRESS}:${typeof address === "object" ? address?.port : ""}`);
    });
  });
}

process.on("SIGTERM", () => void runtime.dispose().finally(() => process.exit(0)));
