import { sha256Hex } from "../platform/hash.ts";
import { FEATURES } from "./features.ts";
import { type Model, modelHash, type Stage } from "./model.ts";
import { tablesPrefix } from "./table-store.ts";

const MODELS = "insight/models/";

/** The key of a model. */
export function modelKey(hash: string): string {
  return `${MODELS}${hash}.json`;
}

export async function storeStage(bucket: R2Bucket, run: string, at: number, stage: Stage): Promise<void> {
  await bucket.put(`${tablesPrefix(run)}stage-${at}.json`, JSON.stringify(stage));
}

/** @throws if it does not exist. */
export async function loadStage(bucket: R2Bucket, run: string, at: number): Promise<Stage> {
  const stored = await bucket.get(`${tablesPrefix(run)}stage-${at}.json`);
  if (stored === null) throw new Error(`stage ${at} was not trained`);
  return stored.json<Stage>();
}

/** Stores a model under its hash. @returns the hash. */
export async function storeModel(bucket: R2Bucket, model: Model): Promise<string> {
  const hash = await modelHash(model);
  await bucket.put(modelKey(hash), JSON.stringify(model));
  return hash;
}

/**
 * A model by its hash; the stored content must still match it.
 * @returns null if it is missing, altered, or made for other features than this code knows.
 */
export async function loadModel(bucket: R2Bucket, hash: string): Promise<Model | null> {
  const stored = await bucket.get(modelKey(hash));
  const text = await stored?.text();
  if (text === undefined || (await sha256Hex(text)) !== hash) return null;
  // SAFETY: the hash shows that this is the text written by `storeModel`, which wrote a Model.
  const model = JSON.parse(text) as Model;
  return model.features.join() === FEATURES.join() ? model : null;
}
