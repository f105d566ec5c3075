import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare, type V4ModuleDefinition, type V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { z } from "zod";

// A process of its own that runs workerd on the built Worker. Requests reach the Worker through sockets of workerd
// itself: no development proxy and no process of Node stands between. Beside it, in the same workerd, runs the baseline
// Worker. Started by server.ts with its options as JSON in the first argument; ends with SIGTERM.

const optionsSchema = z.object({
  stateDir: z.string(),
  bundle: z.string(),
  /** The Worker behind it, or null where there is none. */
  back: z.string().nullable(),
  baseline: z.string(),
  /** The configuration file of the product. */
  config: z.string(),
  ports: z.object({ entry: z.int(), product: z.int(), baseline: z.int() }),
  bindings: z.record(z.string(), z.string()),
  inspectorPort: z.int().nullable(),
  /** Seconds that queues gather before they deliver; null as deployed. What a load causes can so come after it. */
  queueSeconds: z.int().nullable(),
  /** Puts objects that only fail in the place of the enrollments, so that reads fall back to D1. */
  breakObjects: z.boolean(),
  /** Object classes the bundle exports, for a bundle of another commit; null for all of wrangler.toml. */
  classes: z.array(z.string()).nullable(),
});
export type HostOptions = z.infer<typeof optionsSchema>;

const LOOPBACK = "127.0.0.1";

const options = optionsSchema.parse(JSON.parse(process.argv[2] ?? "null"));
// wrangler's own type of this is lost on the way out of its bundle. A Worker with static assets is put behind another one
// here, which imitates the platform's routing and doubles the CPU of a read; the baseline has none before it. What the
// platform does there is not the product's, so the pages are left out.
const configSchema = z.looseObject({
  assets: z.unknown(),
  compatibilityDate: z.string(),
  compatibilityFlags: z.array(z.string()),
  bindings: z.record(z.string(), z.json()),
  durableObjects: z.record(z.string(), z.looseObject({ className: z.string() })),
  queueConsumers: z.record(z.string(), z.looseObject({})).default({}),
});
const { assets: _pages, ...product } = configSchema.parse(
  unstable_getMiniflareWorkerOptions(options.config).workerOptions,
);
/** Whom the product forwards to; nobody who asks it anything is measured where it has no Worker behind it. */
const BACK = "latchkey-back";
const { assets: _none, ...back } =
  options.back === null
    ? product
    : configSchema.parse(unstable_getMiniflareWorkerOptions(options.config, "back").workerOptions);
const { compatibilityDate, compatibilityFlags } = product;
const workers: V4WorkerOptions[] = [
  {
    ...product,
    name: "latchkey",
    modules: [moduleOf(options.bundle)],
    bindings: { ...product.bindings, ...options.bindings },
    serviceBindings: { BACK: options.back === null ? "latchkey" : BACK },
    durableObjects: objectsOf(options.classes),
    ...(options.queueSeconds === null ? {} : { queueConsumers: gathering(product, options.queueSeconds) }),
    ...(options.breakObjects
      ? {
          durableObjects: {
            ...product.durableObjects,
            ENROLLMENTS: { className: "BrokenObject", scriptName: "baseline" },
          },
        }
      : {}),
    unsafeDirectSockets: [{ host: LOOPBACK, port: options.ports.product, proxy: false }],
  },
  ...(options.back === null
    ? []
    : [
        {
          ...back,
          name: BACK,
          // Crons are fired at the Worker whose route is named.
          routes: [`${BACK}.invalid/*`],
          modules: [moduleOf(options.back)],
          serviceBindings: { BACK },
          bindings: { ...back.bindings, ...options.bindings },
          ...(options.queueSeconds === null ? {} : { queueConsumers: gathering(back, options.queueSeconds) }),
        },
      ]),
  {
    name: "baseline",
    compatibilityDate,
    compatibilityFlags,
    modules: [moduleOf(options.baseline)],
    durableObjects: {
      BARE: { className: "BareObject", useSQLite: true },
      BROKEN: { className: "BrokenObject", useSQLite: true },
    },
    unsafeDirectSockets: [{ host: LOOPBACK, port: options.ports.baseline, proxy: false }],
  },
];

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
    workers,
  }),
);
await miniflare.ready;

function objectsOf(classes: readonly string[] | null) {
  const all = Object.entries(product.durableObjects);
  return Object.fromEntries(all.filter(([, { className }]) => classes === null || classes.includes(className)));
}

function gathering({ queueConsumers }: Pick<typeof product, "queueConsumers">, seconds: number) {
  const consumers = Object.entries(queueConsumers);
  return Object.fromEntries(consumers.map(([name, consumer]) => [name, { ...consumer, maxBatchTimeout: seconds }]));
}

function moduleOf(bundle: string): V4ModuleDefinition {
  return { type: "ESModule", path: "index.js", contents: readFileSync(bundle, "utf8") };
}

process.on("SIGTERM", () => void miniflare.dispose().finally(() => process.exit(0)));
