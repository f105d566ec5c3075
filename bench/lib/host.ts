import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";

// A process of its own that runs workerd on the built Worker. Requests reach the Worker through sockets of workerd
// itself: no development proxy and no process of Node stands between. Beside it, in the same workerd, runs the baseline
// Worker. Started by server.ts with its options as JSON in the first argument; ends with SIGTERM.

const optionsSchema = z.object({
  stateDir: z.string(),
  bundle: z.string(),
  baseline: z.string(),
  ports: z.object({ entry: z.int(), product: z.int(), baseline: z.int() }),
  bindings: z.record(z.string(), z.string()),
  inspectorPort: z.int().nullable(),
});
export type HostOptions = z.infer<typeof optionsSchema>;

const LOOPBACK = "127.0.0.1";

const options = optionsSchema.parse(JSON.parse(process.argv[2] ?? "null"));
const product = unstable_getMiniflareWorkerOptions(fromRoot("wrangler.toml")).workerOptions;
const { compatibilityDate, compatibilityFlags } = product;

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: LOOPBACK,
    // Crons are fired here; nothing that is measured passes through it.
    port: options.ports.entry,
    cf: false,
    telemetry: { enabled: false },
    resourcePersistencePath: join(options.stateDir, "v3"),
    unsafeTriggerHandlers: true,
    // Only the profiler asks for it; an inspector that nobody uses still costs.
    ...(options.inspectorPort === null ? {} : { inspectorPort: options.inspectorPort }),
    // Request logs are written, as in production, and thrown away here.
    handleStructuredLogs: () => {},
    workers: [
      {
        ...product,
        name: "latchkey",
        modules: [{ type: "ESModule", path: "index.js", contents: readFileSync(options.bundle, "utf8") }],
        bindings: { ...product.bindings, ...options.bindings },
        unsafeDirectSockets: [{ host: LOOPBACK, port: options.ports.product, proxy: false }],
      },
      {
        name: "baseline",
        compatibilityDate,
        compatibilityFlags,
        modules: [{ type: "ESModule", path: "index.js", contents: readFileSync(options.baseline, "utf8") }],
        durableObjects: { BARE: { className: "BareObject", useSQLite: true } },
        unsafeDirectSockets: [{ host: LOOPBACK, port: options.ports.baseline, proxy: false }],
      },
    ],
  }),
);
await miniflare.ready;
process.on("SIGTERM", () => void miniflare.dispose().finally(() => process.exit(0)));
