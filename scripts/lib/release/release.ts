import { PARTS, type Part } from "../environments.ts";
import { type CheckLimits, judge } from "./check.ts";
import { type Cloudflare, CloudflareError } from "./cloudflare.ts";
import { type Figures, since } from "./figures.ts";
import { classesOf, refusals } from "./guards.ts";
import type { Project, ProjectDatabase } from "./project.ts";
import { drift, readApplied, recordSums, takesAway } from "./schema.ts";
import { deployBoth, figuresOf, type Versions } from "./versions.ts";

// The order of a release. Everything that talks to the outside comes in from there, so that this is all there is to it.

/** Shares of the requests a new version gets, one after the other, percent. */
const STEPS = [10, 50, 100] as const;

export interface ReleasePlan {
  project: Project;
  /** What the version is called in the dashboard: the commit. */
  tag: string;
  message: string;
  /** Time between two shares, milliseconds. */
  stepMs: number;
  /** How often the release check looks meanwhile, milliseconds. */
  lookMs: number;
  limits: CheckLimits;
}

export interface Outside {
  cloudflare: Cloudflare;
  uncommitted(): Promise<string[]>;
  /** Types, lint and tests. @throws when one fails. */
  check(): Promise<void>;
  /** @throws when one fails; D1 rolls that one back. */
  applyMigrations(database: string): Promise<void>;
  /** Builds and uploads a version of a Worker that gets no requests. @returns its id. */
  upload(part: Part): Promise<string>;
  /** Crons, routes and consumers of wrangler.toml, which belong to no version. */
  applyTriggers(): Promise<void>;
  /** @returns what went wrong. */
  smoke(versions: Versions): Promise<string[]>;
  /** What each version has answered so far, by its id. @throws when there are no figures. */
  figures(versions: readonly Versions[]): Promise<ReadonlyMap<string, Figures>>;
  sleep(ms: number): Promise<void>;
  now(): number;
  say(text: string): void;
}

interface StepReport {
  percentage: number;
  seconds: number;
  requests: number;
  errors: number;
  verdict: string;
}

export interface ReleaseReport {
  version: Versions;
  replaced: Versions;
  outcome: "released" | "rolled back";
  steps: StepReport[];
  reason: string;
  /** From the verdict to the old version having every request again, milliseconds; null when nothing was rolled back. */
  rollbackMs: number | null;
}

/** The release did not start; nothing that runs was changed. */
export class ReleaseRefused extends Error {
  override readonly name = "ReleaseRefused";
}

/**
 * Releases the checkout: guards, checks, migrations, an immutable version of both Workers, smoke test at 0 %, then 10, 50
 * and 100 % of the requests with a release check after each. From the first request on every fault leads back to the old version.
 * @throws ReleaseRefused before anything was changed for users.
 */
export async function release(plan: ReleasePlan, outside: Outside): Promise<ReleaseReport> {
  const { project } = plan;
  const { cloudflare, say } = outside;
  const stable = await mayStart(plan, outside);
  say("checks");
  await outside.check();
  // Every database is looked at before the first is changed: a refusal then leaves all of them as they were.
  for (const database of project.databases) await pendingOf(database, outside);
  for (const database of project.databases) await migrate(database, outside);

  say("upload");
  const version: Versions = { edge: await outside.upload("edge"), back: await outside.upload("back") };
  say(`version ${shown(version)} (${plan.tag}) is uploaded; ${shown(stable)} has every request`);
  const report: ReleaseReport = {
    version,
    replaced: stable,
    outcome: "released",
    steps: [],
    reason: "",
    rollbackMs: null,
  };
  const share = (percentage: number) =>
    deployBoth(
      cloudflare,
      project.scripts,
      percentage === 100
        ? [{ versions: version, percentage }]
        : [
            { versions: stable, percentage: 100 - percentage },
            { versions: version, percentage },
          ],
      `${plan.message}: ${percentage} %`,
    );
  try {
    await share(0);
    say("smoke test at 0 %");
    const failed = await outside.smoke(version);
    if (failed.length > 0) throw new Breach(`smoke test: ${failed.join("; ")}`);
    for (const percentage of STEPS) {
      const before = await outside.figures([stable, version]);
      await share(percentage);
      say(`${percentage} % of the requests`);
      await watch({ ...plan, percentage, before, version, stable, steps: report.steps }, outside);
    }
    await outside.applyTriggers();
  } catch (fault) {
    report.outcome = "rolled back";
    report.reason = fault instanceof Error ? fault.message : String(fault);
    say(`rolling back: ${report.reason}`);
    const started = outside.now();
    await deployBoth(
      cloudflare,
      project.scripts,
      [{ versions: stable, percentage: 100 }],
      `rollback: ${report.reason}`,
      // The old version ran a moment ago with these very secrets: nothing about them can be a surprise.
      { force: true },
    );
    report.rollbackMs = Math.round(outside.now() - started);
    say(`${shown(stable)} has every request again, after ${report.rollbackMs} ms`);
  }
  return report;
}

/** The release check, or a fault on the way, says no. */
class Breach extends Error {}

/** Both ids, for people. */
export function shown({ edge, back }: Versions): string {
  return `${edge} with ${back} behind it`;
}

/** @returns the versions that have every request now. */
async function mayStart({ project }: ReleasePlan, { cloudflare, uncommitted, say }: Outside): Promise<Versions> {
  say("guards");
  const changes = await uncommitted();
  const looks = await Promise.all(PARTS.map((part) => look(part, project, cloudflare, changes)));
  const found = [...new Set(looks.flatMap(({ refused }) => refused))];
  const [edge, back] = looks.map(({ stable }) => stable);
  if (found.length > 0 || edge === undefined || back === undefined) throw new ReleaseRefused(found.join("\n"));
  return { edge, back };
}

/** Why a Worker cannot be released, and the version of it that has every request. */
async function look(part: Part, project: Project, cloudflare: Cloudflare, uncommitted: readonly string[]) {
  const script = project.scripts[part];
  const lastDeployedFrom = await cloudflare.lastDeployedFrom(script);
  const deployments = lastDeployedFrom === null ? [] : await cloudflare.deployments(script);
  const stable = deployments[0]?.versions[0]?.version_id;
  const live = stable === undefined ? null : await cloudflare.version(script, stable);
  const refused = refusals({
    uncommitted,
    lastDeployedFrom,
    deployments,
    requiredSecrets: project.requiredSecrets,
    presentSecrets: lastDeployedFrom === null ? [] : await cloudflare.secretNames(script),
    wantedClasses: project.classes[part],
    liveClasses: live === null ? [] : classesOf(live, script),
  });
  return { stable, refused };
}

/** What a database still needs. @throws ReleaseRefused when it has drifted, or when what it needs takes something away. */
async function pendingOf({ name, files: migrations }: ProjectDatabase, { cloudflare }: Outside) {
  const database = await cloudflare.databaseId(name);
  const before = await readApplied(cloudflare, database);
  const drifted = drift(migrations, before);
  if (drifted.length > 0) throw new ReleaseRefused(`the database ${name} has drifted:\n${drifted.join("\n")}`);
  const pending = migrations.filter((migration) => !before.names.includes(migration.name));
  const breaking = pending.flatMap(takesAway);
  if (breaking.length > 0) {
    throw new ReleaseRefused(
      `migrations must only add, because the version before runs on: ${breaking.join("; ")}. ` +
        'One that takes away what no running code needs any more says so in its first line: "-- contract: why"',
    );
  }
  return { database, pending };
}

/** Migrations before code, and the schema checked before and after. */
async function migrate(bound: ProjectDatabase, outside: Outside): Promise<void> {
  const { name, files: migrations } = bound;
  const { cloudflare, say } = outside;
  const { database, pending } = await pendingOf(bound, outside);
  say(`migrations of ${name}: ${pending.length === 0 ? "none" : pending.map((one) => one.name).join(", ")}`);
  if (pending.length > 0) {
    await outside.applyMigrations(name);
    const after = drift(migrations, await readApplied(cloudflare, database));
    if (after.length > 0)
      throw new ReleaseRefused(`the migrations did not make what they should:\n${after.join("\n")}`);
  }
  await recordSums(cloudflare, database, migrations);
}

interface Watch extends ReleasePlan {
  percentage: number;
  before: ReadonlyMap<string, Figures>;
  version: Versions;
  stable: Versions;
  steps: StepReport[];
}

/** Looks at the figures until the step is over. @throws Breach */
async function watch(step: Watch, outside: Outside): Promise<void> {
  const { percentage, before, version, stable, limits, steps } = step;
  const started = outside.now();
  for (;;) {
    await outside.sleep(step.lookMs);
    const seconds = (outside.now() - started) / 1_000;
    const after = await outside.figures(percentage === 100 ? [version] : [stable, version]);
    const fresh = since(figuresOf(before, version), figuresOf(after, version));
    // With every request the new version has nobody beside it: what the old one did before is the measure.
    const usual =
      percentage === 100 ? figuresOf(after, stable) : since(figuresOf(before, stable), figuresOf(after, stable));
    const verdict = judge(fresh, usual, limits, seconds * 1_000 >= step.stepMs);
    if (verdict.kind === "wait") continue;
    const { requests, errors } = fresh;
    steps.push({ percentage, seconds: Math.round(seconds), requests, errors, verdict: verdict.kind });
    outside.say(`${percentage} %, ${seconds.toFixed(0)} s: ${verdict.kind}: ${verdict.reason}`);
    if (verdict.kind === "breach") throw new Breach(`at ${percentage} %: ${verdict.reason}`);
    return;
  }
}

/** What Cloudflare said, or the fault's own words. */
export function explain(fault: unknown): string {
  if (fault instanceof CloudflareError) return `Cloudflare refused: ${fault.message} [${fault.code}]`;
  return fault instanceof Error ? fault.message : String(fault);
}
