import { addressOf, DEFAULT_URL, optionsOf, runCommand, UsageError } from "./lib/backup/command.ts";
import { writeErasures } from "./lib/backup/erasures.ts";
import { RemoteBackups } from "./lib/backup/remote.ts";

const USAGE = `Usage: npm run -s erasures -- --out FILE [options]

Writes the signed list of erasures of a deployment: hashes of the ids of all erased users. A restore from a copied folder
needs the newest list. So keep it outside the deployment, and write it at least as often as you copy backups. It is small
and has no personal data.

  --out FILE      where to write it; an older list there is replaced
  --url BASE      the deployment; default ${DEFAULT_URL}
  --token TOKEN   bearer token of an admin; default, for a server on this machine, one made with the local secret
  --help          this text
`;

async function run(): Promise<object | null> {
  const options = optionsOf(["out", "url", "token"]);
  if (options.help !== undefined) return null;
  if (options.out === undefined) throw new UsageError("Name the file with --out.");
  const remote = await RemoteBackups.at(addressOf("--url", options.url ?? DEFAULT_URL), options.token);
  const text = await remote.erasures();
  writeErasures(options.out, text);
  return { written: options.out };
}

await runCommand(USAGE, run);
