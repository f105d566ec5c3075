import { MANIFEST } from "../src/backup/format.ts";
import { addressOf, CommandError, DEFAULT_URL, optionsOf, runCommand, say } from "./lib/backup/command.ts";
import { BackupFolder } from "./lib/backup/folder.ts";
import { RemoteBackups } from "./lib/backup/remote.ts";

const USAGE = `Usage: npm run -s backup -- [options]

Takes a backup of a deployment into its bucket, or finishes the one that is under way, while it goes on serving.

  --url BASE      the deployment; default ${DEFAULT_URL}
  --out FOLDER    also copies the backup into FOLDER/<id>/ on this machine and checks it there
  --token TOKEN   bearer token of an admin; default, for a server on this machine, one made with the local secret
  --help          this text
`;

async function run(): Promise<object | null> {
  const options = optionsOf(["url", "out", "token"]);
  if (options.help !== undefined) return null;
  const remote = await RemoteBackups.at(addressOf("--url", options.url ?? DEFAULT_URL), options.token);
  const { id } = await remote.begin();
  say(`backup ${id}`);
  await remote.work(id, "backup");
  const backup = await remote.read(id);
  if (backup.unreadable > 0) say(`${backup.unreadable} objects could not be copied; the log names them`);
  if (options.out === undefined) return backup;
  const folder = new BackupFolder(options.out, id);
  await copy(remote, folder, MANIFEST);
  for (const { name } of (await folder.manifest()).parts) await copy(remote, folder, name);
  return { ...backup, copied_to: folder.path, ...(await folder.check()) };
}

async function copy(remote: RemoteBackups, folder: BackupFolder, file: string): Promise<void> {
  if (folder.has(file)) return;
  const bytes = await remote.download(folder.id, file);
  if (bytes === null) throw new CommandError(`The deployment has no ${file} of ${folder.id}.`);
  folder.write(file, bytes);
}

await runCommand(USAGE, run);
