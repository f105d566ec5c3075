import { type Chain, lastOf, type Manifest, type PartEntry } from "./format.ts";
import { namesOf, stageOf, tableOf } from "./stages.ts";
import { RESTORE_ORDER } from "./tables.ts";

/** A part of a link, and the number of its link in the chain, from 0. */
export interface LinkPart {
  link: Manifest;
  place: number;
  entry: PartEntry;
}

/** A step of a restore. mark: notes which data of older links are not restored. load: restores the others. */
export interface RestoreStep extends LinkPart {
  does: "mark" | "load";
}

/** Stages whose lines say what changed, and restore nothing themselves. */
const CHANGED = "changed.";
const BUCKETS = ["documents", "records"] as const;
/** Stages of which every link has only the changes. Of the others that are not tables, every link has everything. */
const IN_EVERY_LINK = ["enrollment_objects", "channels", "audit_chain", "files", ...BUCKETS];
const NAMES = BUCKETS.map(namesOf);
/** Stages that are read in another phase, or only by the next backup. */
const NOT_LOADED = ["collect", "erasures", ...NAMES];

/** Every part of every link. */
export function checkOrder(chain: Chain): LinkPart[] {
  return chain.flatMap((link, place) => link.parts.map((entry) => ({ link, place, entry })));
}

/**
 * First come notes of the data in newer links, so that no older data are restored in their place. Then parents come
 * before children, rows before objects, and channels before the objects that send them events, because those wake with
 * their restore. Within one stage the older link comes first.
 */
export function restoreOrder(chain: Chain): readonly RestoreStep[] {
  const known = ORDERS.get(chain) ?? orderOf(chain);
  ORDERS.set(chain, known);
  return known;
}

/** Asked after each part, of which there may be thousands. */
const ORDERS = new WeakMap<Chain, readonly RestoreStep[]>();

function orderOf(chain: Chain): RestoreStep[] {
  const parts = checkOrder(chain);
  const newest = lastOf(chain);
  const marks =
    chain.length === 1 ? [] : parts.filter(({ link, place, entry }) => isMark(entry.stage, place, link === newest));
  const loads = parts.filter(({ link, entry }) => isLoaded(entry.stage, link === newest));
  const stages = [...RESTORE_ORDER.map(stageOf), "channels", "broadcast_log", "enrollment_objects", "journals"];
  const rank = (stage: string) => {
    const at = stages.indexOf(stage);
    return at < 0 ? stages.length : at;
  };
  loads.sort(
    (a, b) => rank(a.entry.stage) - rank(b.entry.stage) || a.place - b.place || (a.entry.name < b.entry.name ? -1 : 1),
  );
  return [
    ...marks.map((part) => ({ ...part, does: "mark" as const })),
    ...loads.map((part) => ({ ...part, does: "load" as const })),
  ];
}

function isMark(stage: string, place: number, isNewest: boolean): boolean {
  if (NAMES.includes(stage)) return isNewest;
  const says = stage.startsWith(CHANGED) || BUCKETS.some((bucket) => bucket === stage);
  return says && place > 0;
}

function isLoaded(stage: string, isNewest: boolean): boolean {
  if (stage.startsWith(CHANGED) || NOT_LOADED.includes(stage)) return false;
  return isNewest || tableOf(stage)?.by !== undefined || IN_EVERY_LINK.includes(stage);
}
