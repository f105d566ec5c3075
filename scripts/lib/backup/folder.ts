import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chainOf } from "../../../src/backup/chain-links.ts";
import {
  BACKUP_ID,
  type Chain,
  MANIFEST,
  type Manifest,
  openManifest,
  openPart,
  rowsIn,
  sha256Of,
} from "../../../src/backup/format.ts";
import { ok, type Result, refuse } from "../../../src/platform/results.ts";
import { secretDefect } from "../../../src/platform/secrets.ts";
import { LOCAL_SECRETS_FILE, readLocalSecret } from "../local-secrets.ts";
import { CommandError, RefusedError } from "./command.ts";

/** Environment variable with the AUTH_SECRET of the deployment that took the backup; else the local one is used. */
const SECRET_VARIABLE = "LATCHKEY_AUTH_SECRET";
/** Only the owner reads the files: they have everything in them. */
const OWNER_ONLY = 0o600;

/** A backup as files in a folder, `<folder>/<id>/`. */
export class BackupFolder {
  readonly id: string;
  readonly path: string;

  constructor(folder: string, id: string) {
    this.id = id;
    this.path = join(folder, id);
  }

  /** The newest backup below a folder, or the folder itself when it is one. */
  static newestIn(folder: string): BackupFolder {
    if (!existsSync(folder)) throw new CommandError(`There is no folder ${folder}.`);
    const ids = readdirSync(folder).filter((name) => BACKUP_ID.test(name));
    const newest = ids.sort().at(-1);
    if (newest === undefined) throw new CommandError(`There is no backup in ${folder}.`);
    return new BackupFolder(folder, newest);
  }

  has(file: string): boolean {
    return existsSync(join(this.path, file));
  }

  read(file: string): Uint8Array<ArrayBuffer> | null {
    return this.has(file) ? new Uint8Array(readFileSync(join(this.path, file))) : null;
  }

  /** Writes a file that is not there yet; one that is stays as it is. */
  write(file: string, bytes: Uint8Array): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    if (!this.has(file)) writeFileSync(join(this.path, file), bytes, { flag: "wx", mode: OWNER_ONLY });
  }

  /** The manifest. @throws RefusedError when it is not what was signed. */
  async manifest(): Promise<Manifest> {
    const bytes = this.read(MANIFEST);
    if (bytes === null) throw new RefusedError("backup_incomplete", this.path);
    const opened = await openManifest(signingSecret(), new TextDecoder().decode(bytes));
    if (!opened.ok) throw new RefusedError(opened.refusal.code, opened.refusal.detail);
    return opened.value;
  }

  /** The links that this backup is built on, the full one first, and itself. @throws RefusedError naming one that is missing or another. */
  async chain(): Promise<Chain> {
    const found = await chainOf(await this.manifest(), (id) => this.#beside(id).#link());
    if (!found.ok) throw new RefusedError(found.refusal.code, found.refusal.detail);
    return found.value;
  }

  /** Another backup in the same folder. */
  #beside(id: string): BackupFolder {
    return new BackupFolder(dirname(this.path), id);
  }

  async #link(): Promise<Result<{ manifest: Manifest; sha256: string }>> {
    const bytes = this.read(MANIFEST);
    if (bytes === null) return refuse("not_found");
    const opened = await openManifest(signingSecret(), new TextDecoder().decode(bytes));
    return opened.ok ? ok({ manifest: opened.value, sha256: await sha256Of(bytes) }) : opened;
  }

  /**
   * Opens every part of this backup, and of those that it is built on, and counts its rows.
   * @throws RefusedError with the name of what is wrong.
   */
  async check(): Promise<{ backup: string; links: number; rows: number; parts: number; bytes: number }> {
    let [rows, size, parts] = [0, 0, 0];
    const chain = await this.chain();
    for (const manifest of chain) {
      const folder = this.#beside(manifest.id);
      const place = chain.length === 1 ? "" : `${manifest.id}: `;
      for (const entry of manifest.parts) {
        const bytes = folder.read(entry.name);
        if (bytes === null) throw new RefusedError("backup_part_missing", `${place}${entry.name}`);
        const opened = await openPart(manifest.id, entry, manifest.parts, bytes);
        if (!opened.ok) {
          const detail = opened.refusal.detail ?? entry.name;
          throw new RefusedError(opened.refusal.code, `${place}${detail}`);
        }
        const counted = rowsIn(entry.stage, opened.value.lines);
        if (counted !== entry.rows) {
          throw new RefusedError("backup_part_damaged", `${place}${entry.name} has ${counted} rows`);
        }
        rows += counted;
        size += bytes.byteLength;
        parts += 1;
      }
    }
    return { backup: this.id, links: chain.length, rows, parts, bytes: size };
  }
}

function signingSecret(): string {
  const secret = process.env[SECRET_VARIABLE] ?? readLocalSecret();
  if (secret === null) {
    throw new CommandError(`Set ${SECRET_VARIABLE} to the secret of the deployment (none in ${LOCAL_SECRETS_FILE}).`);
  }
  const defect = secretDefect(secret);
  if (defect !== null) throw new CommandError(defect);
  return secret;
}
