import { randomUUID } from "node:crypto";
import { z } from "zod";

// What the fake platform keeps of one account: Workers with their immutable versions and deployments, and the names of
// everything a Worker can be bound to. Nothing here talks to anybody.

/** A binding as wrangler sends it in the metadata of an upload. */
export const bindingSchema = z.looseObject({ name: z.string(), type: z.string() });
export type Binding = z.infer<typeof bindingSchema>;

export const metadataSchema = z.looseObject({
  main_module: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  bindings: z.array(bindingSchema).default([]),
  keep_bindings: z.array(z.string()).default([]),
  annotations: z.record(z.string(), z.string()).default({}),
  exports: z.record(z.string(), z.looseObject({ type: z.string() })).optional(),
  assets: z.looseObject({ jwt: z.string() }).optional(),
});
export type Metadata = z.infer<typeof metadataSchema>;

export interface Version {
  id: string;
  number: number;
  createdAt: string;
  metadata: Metadata;
  /** Bindings with nothing left to inherit. */
  bindings: Binding[];
  /** Object classes the script exports. */
  classes: string[];
  /** Files of the upload by name; the main module among them. */
  modules: Map<string, Uint8Array>;
  /** Paths of its assets, with their content. */
  assets: Map<string, Asset>;
  /** Secrets as they were when it was uploaded: a version keeps its own. */
  secrets: Map<string, string>;
}

export interface Asset {
  body: Uint8Array;
  type: string;
}

export interface Share {
  version_id: string;
  percentage: number;
}

export interface Deployment {
  id: string;
  created_on: string;
  versions: Share[];
  annotations: Record<string, string>;
}

export interface Script {
  name: string;
  tag: string;
  /** Who uploaded last: wrangler, or somebody past it. */
  lastDeployedFrom: "wrangler" | "dash" | "api";
  versions: Version[];
  /** Newest first. */
  deployments: Deployment[];
  secrets: Map<string, string>;
  settings: Record<string, unknown>;
}

/** A refusal as the API words it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Names of one kind of resource, and their ids. */
export class Resources {
  readonly #byName = new Map<string, string>();

  create(name: string): string {
    const id = randomUUID().replaceAll("-", "");
    this.#byName.set(name, id);
    return id;
  }

  /** Id of a name or of an id; null when there is no such thing. */
  find(nameOrId: string): { name: string; id: string } | null {
    for (const [name, id] of this.#byName) if (name === nameOrId || id === nameOrId) return { name, id };
    return null;
  }

  list(): { name: string; id: string }[] {
    return [...this.#byName].map(([name, id]) => ({ name, id }));
  }
}

export class Account {
  readonly scripts = new Map<string, Script>();
  readonly databases = new Resources();
  readonly buckets = new Resources();
  readonly namespaces = new Resources();
  readonly queues = new Resources();
  /** Content of assets by the hash wrangler gives them. */
  readonly assets = new Map<string, Asset>();
  /** Manifests by the token that was given out for them. */
  readonly manifests = new Map<string, Record<string, { hash: string }>>();

  script(name: string): Script {
    const script = this.scripts.get(name);
    if (script === undefined) throw new ApiError(404, 10007, "This Worker does not exist on your account.");
    return script;
  }

  /** The script of a first upload. */
  ensureScript(name: string): Script {
    const script = this.scripts.get(name) ?? {
      name,
      tag: randomUUID().replaceAll("-", ""),
      lastDeployedFrom: "wrangler",
      versions: [],
      deployments: [],
      secrets: new Map(),
      settings: {},
    };
    this.scripts.set(name, script);
    return script;
  }

  version(script: Script, id: string): Version {
    const version = script.versions.find((one) => one.id === id);
    if (version === undefined) throw new ApiError(404, 10007, "The version does not exist.");
    return version;
  }

  /**
   * Keeps an upload as a version that never changes again. What the platform refuses is refused here: a `versions upload`
   * that adds or removes an object class (it can only be deployed, alone), and a binding to inherit that nobody has.
   */
  addVersion(script: Script, metadata: Metadata, modules: Map<string, Uint8Array>, how: "upload" | "deploy"): Version {
    const live = this.liveVersions(script);
    const before = script.versions.at(-1);
    const bindings = metadata.bindings.flatMap((binding) => {
      if (binding.type !== "inherit") return binding.type === "secret_text" ? [] : [binding];
      if (script.secrets.has(binding.name)) return [];
      const inherited = before?.bindings.find(({ name }) => name === binding.name);
      if (inherited === undefined) {
        throw new ApiError(
          400,
          10057,
          `binding "${binding.name}" cannot be inherited: the Worker has none of that name`,
        );
      }
      return [inherited];
    });
    const classes = classesOf(metadata, bindings, script.name);
    if (how === "upload" && live[0] !== undefined && live[0].classes.join() !== classes.join()) {
      throw new ApiError(
        400,
        10211,
        "Version upload failed. Durable Object lifecycle changes must be fully applied by running `wrangler deploy`.",
      );
    }
    for (const { name, type, text } of metadata.bindings) {
      if (type === "secret_text" && typeof text === "string") script.secrets.set(name, text);
    }
    const manifest = metadata.assets === undefined ? {} : (this.manifests.get(metadata.assets.jwt) ?? {});
    const version: Version = {
      id: randomUUID(),
      number: script.versions.length + 1,
      createdAt: new Date().toISOString(),
      metadata,
      bindings,
      classes,
      modules,
      assets: new Map(
        Object.entries(manifest).flatMap(([path, { hash }]) => {
          const asset = this.assets.get(hash);
          return asset === undefined ? [] : [[path, asset]];
        }),
      ),
      secrets: new Map(script.secrets),
    };
    script.versions.push(version);
    script.lastDeployedFrom = "wrangler";
    return version;
  }

  liveVersions(script: Script): Version[] {
    return (script.deployments[0]?.versions ?? []).map(({ version_id }) => this.version(script, version_id));
  }

  /** Makes a deployment the current one, or refuses it as the platform does. */
  deploy(script: Script, versions: Share[], annotations: Record<string, string>, force: boolean): Deployment {
    if (versions.length < 1 || versions.length > 2) {
      throw new ApiError(400, 10021, "A deployment has one or two versions.");
    }
    const total = versions.reduce((sum, { percentage }) => sum + percentage, 0);
    if (total !== 100 || versions.some(({ percentage }) => percentage < 0)) {
      throw new ApiError(400, 10021, `The percentages add up to ${total}, not 100.`);
    }
    const chosen = versions.map(({ version_id }) => this.version(script, version_id));
    const [first] = chosen;
    if (chosen.some(({ classes }) => classes.join() !== first?.classes.join())) {
      throw new ApiError(400, 10212, "Versions of one deployment must have the same Durable Object classes.");
    }
    const live = this.liveVersions(script)[0];
    if (live !== undefined && chosen.some(({ classes }) => live.classes.some((name) => !classes.includes(name)))) {
      throw new ApiError(400, 10210, "A version from before a Durable Object class was added cannot be deployed.");
    }
    const changed = [...script.secrets].filter(([name, value]) =>
      chosen.some(({ secrets }) => secrets.get(name) !== value),
    );
    if (changed.length > 0 && !force) {
      const names = changed.map(([name]) => name).join(", ");
      throw new ApiError(400, 10220, `The following secrets have changed: ${names}`);
    }
    const deployment = { id: randomUUID(), created_on: new Date().toISOString(), versions, annotations };
    script.deployments.unshift(deployment);
    return deployment;
  }
}

function classesOf(metadata: Metadata, bindings: readonly Binding[], script: string): string[] {
  const declared = Object.entries(metadata.exports ?? {}).flatMap(([name, { type }]) =>
    type === "durable-object" ? [name] : [],
  );
  const bound = bindings.flatMap(({ type, class_name, script_name }) =>
    type === "durable_object_namespace" &&
    typeof class_name === "string" &&
    (script_name === undefined || script_name === script)
      ? [class_name]
      : [],
  );
  return [...new Set([...declared, ...bound])].sort();
}
