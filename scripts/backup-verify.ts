import { addressOf, DEFAULT_URL, optionsOf, runCommand, say, UsageError } from "./lib/backup/command.ts";
import { BackupFolder } from "./lib/backup/folder.ts";
import { RemoteBackups } from "./lib/backup/remote.ts";

const USAGE = `Usage: npm run -s backup:verify -- [options]

Checks that a backup can be restored, together with the backups it is built on. It opens every part, restores everything
into an empty scratch store, compares every row, reads the result, and deletes the store. With --dir it checks only the
files: the signature of each manifest, the hash of every part, and its rows.

  --url BASE      the deployment that has the backup; default ${DEFAULT_URL}
  --backup ID     which one; default the newest
  --dir FOLDER    checks the newest backup in this folder instead, without a server; LATCHKEY_AUTH_SECRET is the secret
                  that signed it; without it, the secret of the local installation
  --token TOKEN   key with the scope backup, or bearer token of an admin;
                  default, for a server on this machine, one made with the local secret
  --help          this text

Exit codes: 0 verified, 2 usage, 10 incomplete, 11 manifest changed, 12 part missing, 13 part too short, 14 part damaged,
15 parts swapped, 16 another schema, 17 the restored rows differ, 19 a backup it is built on is missing.
`;

async function run(): Promise<object | null> {
  const options = optionsOf(["url", "backup", "dir", "token"]);
  if (options.help !== undefined) return null;
  if (options.dir !== undefined) {
    if (options.url !== undefined) throw new UsageError("--dir needs no --url.");
    const { dir, backup } = options;
    return (backup === undefined ? BackupFolder.newestIn(dir) : new BackupFolder(dir, backup)).check();
  }
  const remote = await RemoteBackups.at(addressOf("--url", options.url ?? DEFAULT_URL), options.token);
  const id = options.backup ?? (await remote.newest("finished")).id;
  say(`backup ${id}`);
  const { rows, left_out, ms } = await remote.work(id, "verify");
  return { backup: id, verified: true, rows, left_out, ms };
}

await runCommand(USAGE, run);
