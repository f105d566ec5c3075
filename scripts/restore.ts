import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { MANIFEST } from "../src/backup/format.ts";
import { addressOf, CommandError, optionsOf, runCommand, say, UsageError } from "./lib/backup/command.ts";
import { ERASURES_FILE, erasuresFor } from "./lib/backup/erasures.ts";
import { BackupFolder } from "./lib/backup/folder.ts";
import { expect, RemoteBackups } from "./lib/backup/remote.ts";

/** Courses and enrollments of each that are read after a restore. */
const SAMPLED_COURSES = 20;
const SAMPLED_ENROLLMENTS = 5;

const USAGE = `Usage: npm run -s restore -- --to BASE [options]

Restores a backup into an empty deployment. A deployment that is not empty refuses. The restore checks every part before
it writes the first row, compares every row after writing it, and reads some enrollments at the end. If it is interrupted,
continue it with --resume.

  --to BASE       the empty deployment: migrated, with the AUTH_SECRET of the one that took the backup
  --from FOLDER   first uploads the newest backup in this folder, with the backups it is built on, to the deployment;
                  default: the backup is in the deployment's bucket
  --backup ID     which one; default the newest
  --erasures HOW  where to find the users who were erased after the backup; they are erased again before anybody is served:
                  FILE    the newest list you have, from npm run erasures or from beside the copied backups
                  bucket  the bound bucket is the one that the lost deployment wrote to
                  none    nobody was erased
                  Required, except with --resume.
  --resume JOB    continues a restore that was interrupted
  --token TOKEN   key with the scope backup, or bearer token of an admin;
                  default, for a server on this machine, one made with the local secret
  --help          this text

Exit codes: 0 restored, 2 usage, 3 the target is not empty, 4 --erasures is missing, 18 the list was changed, 20 the
target's databases have no room, 10 to 17 and 19 as for npm run backup:verify.
`;

async function run(): Promise<object | null> {
  const options = optionsOf(["to", "from", "backup", "erasures", "resume", "token"]);
  if (options.help !== undefined) return null;
  if (options.to === undefined) throw new UsageError("Name the empty deployment with --to.");
  const remote = await RemoteBackups.at(addressOf("--to", options.to), options.token);
  const known =
    options.resume !== undefined && options.erasures === undefined
      ? null
      : await erasuresFor(remote, options.erasures, listBeside(options.from));
  if (known?.known_to != null) say(`erasures are known up to ${known.known_to}`);
  const id = await choose(remote, options);
  say(`backup ${id}`);
  const work = await remote.work(id, "restore", options.resume, known?.erasures);
  const { rows, left_out, missing_files, erased_again, ms, job } = work;
  if (missing_files > 0) {
    say(
      `The bytes of ${missing_files} files are not in this deployment's bucket. Bring them before the next night: its`,
    );
    say("sweep removes the rows of files without bytes.");
  }
  return {
    backup: id,
    job,
    restored: true,
    rows,
    left_out,
    missing_files,
    erased_again,
    ms,
    read: await smokeTest(remote),
  };
}

/** The list that lies beside copied backups. */
function listBeside(folder: string | undefined): string | null {
  const path = folder === undefined ? null : join(folder, ERASURES_FILE);
  return path !== null && existsSync(path) ? path : null;
}

async function choose(remote: RemoteBackups, options: { from?: string; backup?: string }): Promise<string> {
  if (options.from === undefined) return options.backup ?? (await remote.newest("finished")).id;
  const { from, backup } = options;
  const folder = backup === undefined ? BackupFolder.newestIn(from) : new BackupFolder(from, backup);
  for (const manifest of await folder.chain()) {
    const link = new BackupFolder(dirname(folder.path), manifest.id);
    for (const file of [...manifest.parts.map(({ name }) => name), MANIFEST]) {
      const bytes = link.read(file);
      // What is missing is named by the check that follows, like everything else.
      if (bytes !== null) await remote.bring(link.id, file, bytes);
    }
  }
  return folder.id;
}

const coursesSchema = z.object({ results: z.array(z.looseObject({ slug: z.string() })) });
const enrollmentsSchema = z.object({ results: z.array(z.looseObject({ id: z.string(), user_id: z.string() })) });
const unlocksSchema = z.looseObject({ states: z.record(z.string(), z.string()) });

/** Reads a few learners' states through the API: the deployment serves what was restored. */
async function smokeTest(remote: RemoteBackups): Promise<{ courses: number; enrollments: number; items: number }> {
  const read = { courses: 0, enrollments: 0, items: 0 };
  const list = await remote.client.get(`/api/v1/courses?limit=${SAMPLED_COURSES}`);
  for (const { slug } of expect(list, coursesSchema).results) {
    read.courses += 1;
    const page = await remote.client.get(`/api/v1/courses/${slug}/enrollments?limit=${SAMPLED_ENROLLMENTS}`);
    for (const { user_id } of expect(page, enrollmentsSchema).results) {
      const path = `/api/v1/courses/${slug}/unlocks?learner=${encodeURIComponent(user_id)}`;
      const { states } = expect(await remote.client.get(path), unlocksSchema);
      if (Object.keys(states).length === 0) throw new CommandError(`${slug} shows nothing to ${user_id}.`);
      read.enrollments += 1;
      read.items += Object.keys(states).length;
    }
  }
  return read;
}

await runCommand(USAGE, run);
