import { convertV4MiniflareOptions, Miniflare, Response, type V4WorkerOptions } from "miniflare";
import { z } from "zod";
import { freePort, LOCAL_ADDRESS } from "../../../../scripts/lib/ports.ts";
import type { Account, Binding, Script, Version } from "./state.ts";

// Runs the versions of one script in one real workerd, side by side, over the same databases, buckets and namespaces.
// Not as the platform: all objects run the code of one version, the one that had every request last, and changing the
// set of versions restarts the runtime (the edge lets requests wait meanwhile).

const limitSchema = z.object({ limit: z.int(), period: z.union([z.literal(10), z.literal(60)]) });

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
   * @param objects the version whose code the objects run.
   */
  async run(script: Script | undefined, versions: readonly Version[], objects: Version | undefined): Promise<void> {
    const ports = new Map<string, number>();
    for (const { id } of versions) ports.set(id, await freePort());
    const workers: V4WorkerOptions[] = [this.#holder()];
    for (const version of versions) {
      const host = objects === undefined || version.id === objects.id ? undefined : nameOf(objects);
      workers.push({
        ...this.#optionsOf(script, version, host),
        unsafeDirectSockets: [{ host: LOCAL_ADDRESS, port: ports.get(version.id) ?? 0, proxy: false }],
      });
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

  #optionsOf(script: Script | undefined, version: Version, objectHost: string | undefined): V4WorkerOptions {
    const { bindings, metadata, modules } = version;
    const pick = <T>(type: string, value: (binding: Binding) => T): Record<string, T> =>
      Object.fromEntries(bindings.filter((one) => one.type === type).map((one) => [one.name, value(one)]));
    const main = modules.get(metadata.main_module);
    if (script === undefined || main === undefined) throw new Error("an upload has no main module");
    return {
      name: nameOf(version),
      compatibilityDate: metadata.compatibility_date,
      compatibilityFlags: metadata.compatibility_flags,
      modules: [{ type: "ESModule", path: metadata.main_module, contents: new TextDecoder().decode(main) }],
      bindings: {
        ...pick("plain_text", ({ text }) => String(text)),
        ...pick("version_metadata", () => ({ id: version.id, tag: metadata.annotations["workers/tag"] ?? "" })),
        ...Object.fromEntries(version.secrets),
      },
      // Each version has the assets that were uploaded with it.
      serviceBindings: pick("assets", () => (request: { url: string }) => {
        const asset = version.assets.get(new URL(request.url).pathname);
        if (asset === undefined) return new Response(null, { status: 404 });
        return new Response(asset.body, { headers: { "content-type": asset.type } });
      }),
      d1Databases: pick("d1", ({ id, database_id }) => String(id ?? database_id)),
      kvNamespaces: pick("kv_namespace", ({ namespace_id }) => String(namespace_id)),
      r2Buckets: pick("r2_bucket", ({ bucket_name }) => String(bucket_name)),
      queueProducers: pick("queue", ({ queue_name }) => String(queue_name)),
      ratelimits: pick("ratelimit", ({ namespace_id, simple }) => ({
        namespace_id: String(namespace_id),
        simple: limitSchema.parse(simple),
      })),
      analyticsEngineDatasets: pick("analytics_engine", ({ dataset }) => ({ dataset: String(dataset) })),
      durableObjects: pick("durable_object_namespace", ({ class_name }) => ({
        className: String(class_name),
        ...(objectHost === undefined
          ? { useSQLite: true, unsafeUniqueKey: `${script.name}-${String(class_name)}` }
          : { scriptName: objectHost }),
      })),
      ...(objectHost === undefined ? { queueConsumers: this.#consumersOf(bindings) } : {}),
    };
  }

  /** One version takes what was sent: the one that runs the objects. */
  #consumersOf(bindings: readonly Binding[]) {
    const queues = bindings.flatMap(({ type, queue_name }) => (type === "queue" ? [String(queue_name)] : []));
    return Object.fromEntries(queues.map((queue) => [queue, { maxBatchSize: 100, maxBatchTimeout: 1 }]));
  }
}

function nameOf(version: Version): string {
  return `v${version.number}`;
}
