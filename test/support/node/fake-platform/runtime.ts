import { convertV4MiniflareOptions, Miniflare, type Request, Response, type V4WorkerOptions } from "miniflare";
import { z } from "zod";
import { freePort, LOCAL_ADDRESS } from "../../../../scripts/lib/ports.ts";
import type { Account, Binding, Script, Version } from "./state.ts";

// Runs the versions of all scripts in one real workerd, side by side, over the same databases, buckets and namespaces.
// Not as the platform: all objects run the code of one version, the one that had every request last, and changing the
// set of versions restarts the runtime (the edge lets requests wait meanwhile).

const limitSchema = z.object({ limit: z.int(), period: z.union([z.literal(10), z.literal(60)]) });

/** The versions of a script that run. */
export interface Running {
  script: Script;
  versions: readonly Version[];
  /** The one that had every request last: the objects run its code. */
  main: Version;
}

type Call = (script: string, request: Request) => Promise<Response>;

/** Worker that holds every database, so that the API can query one that no version is bound to yet. */
const HOLDER = "platform";

export class VersionRuntime {
  readonly #account: Account;
  readonly #stateDir: string;
  #miniflare: Miniflare | undefined;
  #ports = new Map<string, number>();

  constructor(account: Account, stateDir: string) {
    this.#account = account;
    this.#stateDir = stateDir;
  }

  /** Address of a version that runs. */
  addressOf(version: string): string | undefined {
    const port = this.#ports.get(version);
    return port === undefined ? undefined : `http://${LOCAL_ADDRESS}:${port}`;
  }

  /**
   * Runs these versions and no others.
   * @param call has a Worker answer that another one is bound to.
   */
  async run(running: readonly Running[], call: Call): Promise<void> {
    const ports = new Map<string, number>();
    const workers: V4WorkerOptions[] = [this.#holder()];
    for (const { script, versions, main } of running) {
      for (const version of versions) {
        const port = await freePort();
        ports.set(version.id, port);
        workers.push({
          ...this.#optionsOf(script, version, version.id === main.id, running, call),
          unsafeDirectSockets: [{ host: LOCAL_ADDRESS, port, proxy: false }],
        });
      }
    }
    const options = convertV4MiniflareOptions({
      host: LOCAL_ADDRESS,
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      resourcePersistencePath: this.#stateDir,
      handleStructuredLogs: () => {},
      workers,
    });
    await this.#miniflare?.dispose();
    this.#miniflare = new Miniflare(options);
    await this.#miniflare.ready;
    this.#ports = ports;
  }

  /** A database by its id. */
  database(id: string) {
    if (this.#miniflare === undefined) throw new Error("the runtime has not been started");
    return this.#miniflare.getD1Database(`D1_${id}`, HOLDER);
  }

  dispose(): Promise<void> {
    return this.#miniflare?.dispose() ?? Promise.resolve();
  }

  #holder(): V4WorkerOptions {
    const databases = this.#account.databases.list().map(({ id }) => [`D1_${id}`, id]);
    return {
      name: HOLDER,
      modules: true,
      script: "export default { fetch: () => new Response(null, { status: 404 }) }",
      compatibilityDate: "2026-10-30",
      d1Databases: Object.fromEntries(databases),
    };
  }

  #optionsOf(
    script: Script,
    version: Version,
    isMain: boolean,
    running: readonly Running[],
    call: Call,
  ): V4WorkerOptions {
    const { bindings, metadata, modules } = version;
    const pick = <T>(type: string, value: (binding: Binding) => T): Record<string, T> =>
      Object.fromEntries(bindings.filter((one) => one.type === type).map((one) => [one.name, value(one)]));
    const main = modules.get(metadata.main_module);
    if (main === undefined) throw new Error("an upload has no main module");
    /** The version that runs the objects of a Worker. */
    const hostOf = (name: string) => {
      const host = running.find((one) => one.script.name === name);
      return host === undefined ? undefined : nameOf(host.script, host.main);
    };
    return {
      name: nameOf(script, version),
      compatibilityDate: metadata.compatibility_date,
      compatibilityFlags: metadata.compatibility_flags,
      modules: [{ type: "ESModule", path: metadata.main_module, contents: new TextDecoder().decode(main) }],
      bindings: {
        ...pick("plain_text", ({ text }) => String(text)),
        ...pick("version_metadata", () => ({ id: version.id, tag: metadata.annotations["workers/tag"] ?? "" })),
        ...Object.fromEntries(version.secrets),
      },
      // Each version has the assets that were uploaded with it.
      serviceBindings: {
        ...pick("assets", () => (request: { url: string }) => {
          const asset = version.assets.get(new URL(request.url).pathname);
          if (asset === undefined) return new Response(null, { status: 404 });
          return new Response(asset.body, { headers: { "content-type": asset.type } });
        }),
        ...pick(
          "service",
          ({ service }) =>
            (request: Request) =>
              call(String(service), request),
        ),
      },
      d1Databases: pick("d1", ({ id, database_id }) => String(id ?? database_id)),
      kvNamespaces: pick("kv_namespace", ({ namespace_id }) => String(namespace_id)),
      r2Buckets: pick("r2_bucket", ({ bucket_name }) => String(bucket_name)),
      queueProducers: pick("queue", ({ queue_name }) => String(queue_name)),
      ratelimits: pick("ratelimit", ({ namespace_id, simple }) => ({
        namespace_id: String(namespace_id),
        simple: limitSchema.parse(simple),
      })),
      analyticsEngineDatasets: pick("analytics_engine", ({ dataset }) => ({ dataset: String(dataset) })),
      durableObjects: pick("durable_object_namespace", ({ class_name, script_name }) => {
        const owner = typeof script_name === "string" ? script_name : script.name;
        return {
          className: String(class_name),
          ...(owner === script.name && isMain
            ? { useSQLite: true, unsafeUniqueKey: `${script.name}-${String(class_name)}` }
            : { scriptName: hostOf(owner) ?? nameOf(script, version) }),
        };
      }),
      // The back consumes the queues, which it is bound to as a producer too.
      ...(isMain && script.name.endsWith("-back") ? { queueConsumers: this.#consumersOf(bindings) } : {}),
    };
  }

  /** One version takes what was sent: the one that had every request last. */
  #consumersOf(bindings: readonly Binding[]) {
    const queues = bindings.flatMap(({ type, queue_name }) => (type === "queue" ? [String(queue_name)] : []));
    return Object.fromEntries(queues.map((queue) => [queue, { maxBatchSize: 100, maxBatchTimeout: 1 }]));
  }
}

function nameOf(script: Script, version: Version): string {
  return `${script.name}-v${version.number}`;
}
