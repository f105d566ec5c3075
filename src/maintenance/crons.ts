import { sweepAudit } from "../audit/index.ts";
import { backUpNightly, resumeBackups } from "../backup/index.ts";
import { placeDue, sweepXapi, watchLti, watchWebhooks } from "../connect/index.ts";
import { continueFileSweep, sweepFiles } from "../files/index.ts";
import { resumeImports } from "../imports/index.ts";
import { startNightlyRun, watchRuns } from "../insight/index.ts";
import { sweepMails } from "../mail/index.ts";
import type { RefreshMessage } from "../mirror/index.ts";
import { resumeMoves } from "../ops/index.ts";
import { watchRosters } from "../people/index.ts";
import { resumeErasures, watchErasures } from "../privacy/index.ts";
import { sweepJournals } from "../records/index.ts";
import { sweepEveryMinute } from "../staleness/index.ts";

/** A job of a cron; `now` is the scheduled instant, epoch ms. */
type Job = (env: Env, now: number) => Promise<unknown>;

/** The crons of wrangler.toml, and the jobs of the rooms for each. */
const CRONS: Readonly<Record<string, readonly Job[]>> = {
  "* * * * *": [
    sweepEveryMinute,
    (env) => sweepJournals(env),
    (env) => sweepAudit(env),
    watchErasures,
    resumeErasures,
    (env) => continueFileSweep(env),
    resumeBackups,
    (env) => resumeMoves(env),
    watchRuns,
    resumeImports,
    (env, now) => sweepMails(env, now),
    watchRosters,
    watchWebhooks,
    (env, now) => placeDue(env, now),
    watchLti,
    sweepXapi,
  ],
  "0 2 * * *": [
    (env) => env.REFRESH_QUEUE.send({ type: "cleanup" } satisfies RefreshMessage),
    sweepFiles,
    backUpNightly,
    startNightlyRun,
  ],
};

/** Runs the jobs of a cron one after the other. @throws the first fault, after all jobs have run. */
export async function runCron(cron: string, env: Env, now: number): Promise<void> {
  const jobs = CRONS[cron];
  if (jobs === undefined) throw new Error(`no job for the cron ${cron}`);
  const faults: unknown[] = [];
  for (const job of jobs) await job(env, now).catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
