import { join } from "node:path";
import { MANIFEST } from "../src/backup/format.ts";
import { addressOf, CommandError, DEFAULT_URL, optionsOf, runCommand, say } from "./lib/backup/command.ts";
import { ERASURES_FILE, writeErasures } from "./lib/backup/erasures.ts";
import { BackupFolder } from "./lib/backup/folder.ts";
import { type BackupView, RemoteBackups } from "./lib/backup/remote.ts";

const USAGE = `Usage: npm run -s backup -- [options]

Takes a backup of a deployment into its bucket, or finishes the one under way. The deployment goes on serving. A backup
has what changed since the backup before. Once a week, and if the backup before cannot be used, it is a full copy.

  --url BASE      the deployment; default ${DEFAULT_URL}
  --full          takes a full copy, even if that is not necessary
  --out FOLDER    also copies the backup, and the backups it is built on, into FOLDER/<id>/ on this machine and checks
                  them; writes the present list of erasures to FOLDER/erasures.json
  --token TOKEN   key with the scope backup, or bearer token of an admin;
                  default, for a server on this machine, one made with the local secret
  --help          this text
`;

async function run(): Promise<object | null> {
  const options = optionsOf(["url", "out", "token"], ["full"]);
  if (options.help !== undefined) return null;
  const remote = await RemoteBackups.at(addressOf("--url", options.url ?? DEFAULT_URL), options.token);
  const isFull = options.full !== undefined;
  let backup = await take(remote, isFull);
  // The one that was under way was begun before this one was asked for.
  if (isFull && backup.parent !== null) backup = await take(remote, isFull);
  const { id } = backup;
  if (backup.unreadable > 0) say(`${backup.unreadable} objects could not be copied; the log names them`);
  if (options.out === undefined) return backup;
  const folder = new BackupFolder(options.out, id);
  for (let link: string | null = id; link !== null; )
    link = await copyLink(remote, new BackupFolder(options.out, link));
  writeErasures(join(options.out, ERASURES_FILE), await remote.erasures());
  return { ...backup, copied_to: folder.path, ...(await folder.check()) };
}

async function take(remote: RemoteBackups, full: boolean): Promise<BackupView> {
  const { id } = await remote.begin(full);
  say(`backup ${id}`);
  await remote.work(id, "backup");
  return remote.read(id);
}

/** Copies a backup, what is there already left out. @returns the one that it is built on. */
async function copyLink(remote: RemoteBackups, folder: BackupFolder): Promise<string | null> {
  await copy(remote, folder, MANIFEST);
  const { parts, parent } = await folder.manifest();
  for (const { name } of parts) await copy(remote, folder, name);
  return parent?.id ?? null;
}

async function copy(remote: RemoteBackups, folder: BackupFolder, file: string): Promise<void> {
  if (folder.has(file)) return;
  const bytes = await remote.download(folder.id, file);
  if (bytes === null) throw new CommandError(`The deployment has no ${file} of ${folder.id}.`);
  folder.write(file, bytes);
}

await runCommand(USAGE, run);
