import type { Deployment, Version } from "./cloudflare.ts";

// Where wrangler answers "yes" by itself because nobody is there to ask, these say no.

/** What is known before anything is changed. */
export interface Situation {
  /** Changed files that are in no commit. */
  uncommitted: readonly string[];
  /** Null when there is no such Worker yet. */
  lastDeployedFrom: string | null;
  deployments: readonly Deployment[];
  requiredSecrets: readonly string[];
  presentSecrets: readonly string[];
  /** Object classes of wrangler.toml. */
  wantedClasses: readonly string[];
  /** Object classes of the version that runs. */
  liveClasses: readonly string[];
}

/** Every reason why a gradual release must not start, each with what to do instead; empty when it may. */
export function refusals(situation: Situation): string[] {
  const { uncommitted, lastDeployedFrom, deployments, requiredSecrets, presentSecrets } = situation;
  const found: string[] = [];
  if (uncommitted.length > 0) {
    found.push(`uncommitted changes (${uncommitted.slice(0, 5).join(", ")}): a version must be some commit`);
  }
  if (lastDeployedFrom === null) {
    return [...found, "the Worker does not exist yet: the first time, `npm run deploy -- --env …`"];
  }
  if (lastDeployedFrom !== "wrangler") {
    found.push(
      `somebody edited the Worker past wrangler (${lastDeployedFrom}); wrangler would overwrite that without asking. ` +
        "Bring the change into wrangler.toml, or undo it, then deploy once with `npm run deploy -- --env …`",
    );
  }
  const [current] = deployments;
  if (current === undefined) found.push("nothing is deployed yet: the first time, `npm run deploy -- --env …`");
  else if (current.versions.length > 1) {
    found.push("another release is under way: finish it, or end it with `npm run rollback`");
  }
  const missing = requiredSecrets.filter((name) => !presentSecrets.includes(name));
  if (missing.length > 0)
    found.push(`secrets are missing: ${missing.join(", ")} (\`npm run -s secret -- put NAME --env …\`)`);
  const { added, removed } = classChange(situation);
  if (added.length + removed.length > 0) {
    found.push(
      `object classes change (${[...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)].join(", ")}): ` +
        "versions that share the requests need the same classes. Ship that change alone, at 100 %, with " +
        "`npm run deploy -- --env …`; nothing can be rolled back past it",
    );
  }
  return found;
}

export function classChange({ wantedClasses, liveClasses }: Pick<Situation, "wantedClasses" | "liveClasses">) {
  return {
    added: wantedClasses.filter((name) => !liveClasses.includes(name)),
    removed: liveClasses.filter((name) => !wantedClasses.includes(name)),
  };
}

/** Object classes of its own that a version of a Worker is bound to. */
export function classesOf(version: Version, script: string): string[] {
  const classes = version.resources.bindings.flatMap(({ type, class_name, script_name = script }) =>
    type === "durable_object_namespace" && class_name !== undefined && script_name === script ? [class_name] : [],
  );
  return [...new Set(classes)].sort();
}

/**
 * Where a rollback leads: out of a split deployment to the version that had every request before it; else to the last
 * other version that had every request.
 * @returns null when there is no such version among the deployments Cloudflare remembers.
 */
export function rollbackTarget(deployments: readonly Deployment[]): string | null {
  const [current, ...older] = deployments;
  if (current === undefined) return null;
  const whole = older.flatMap(({ versions }) => (versions.length === 1 ? versions : []));
  const isSplit = current.versions.length > 1;
  const target = whole.find(({ version_id }) =>
    isSplit
      ? current.versions.some((share) => share.version_id === version_id)
      : version_id !== current.versions[0]?.version_id,
  );
  return target?.version_id ?? null;
}
