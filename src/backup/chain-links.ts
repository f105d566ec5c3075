import { ok, type Result, refuse } from "../platform/results.ts";
import type { Chain, Manifest } from "./format.ts";

/** More links than any chain has: a longer chain would be a circle. */
const MOST_LINKS = 1_000;

/**
 * The links of a chain, the full backup first.
 * @param read a manifest as text and opened, by the id of its backup.
 * @returns `backup_link_missing` or `backup_manifest_tampered`, with the link that is missing, or differs from the one
 * on which the next link was built.
 */
export async function chainOf(
  last: Manifest,
  read: (id: string) => Promise<Result<{ manifest: Manifest; sha256: string }>>,
): Promise<Result<Chain>> {
  let chain: [Manifest, ...Manifest[]] = [last];
  for (let { parent } = last; parent !== null; { parent } = chain[0]) {
    const name = `The backup ${parent.id}, on which ${chain[0].id} is built,`;
    const found = await read(parent.id);
    if (!found.ok) {
      const { code, detail } = found.refusal;
      const isGone = code === "not_found" || code === "backup_incomplete";
      if (isGone) return refuse("backup_link_missing", { detail: `${name} is not there.` });
      return refuse(code, { detail: `${name} is damaged${detail === undefined ? "" : `: ${detail}`}` });
    }
    if (found.value.sha256 !== parent.sha256 || chain.length === MOST_LINKS) {
      return refuse("backup_manifest_tampered", { detail: `${name} is a different file now.` });
    }
    chain = [found.value.manifest, ...chain];
  }
  return ok(chain);
}
