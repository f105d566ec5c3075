import { sha256Hex } from "../platform/hash.ts";
import { toInstant } from "../platform/instants.ts";
import { loadContent, snapshotKey } from "./snapshot.ts";
import { type Manifest, manifestSchema } from "./snapshot-text.ts";
import { loadModel, modelKey } from "./stage-store.ts";
import type { ModelRow, PredictionRow, RunRow } from "./tables.ts";

/** The version of the OpenLineage specification of the events. */
const SPECIFICATION = "https://openlineage.io/spec/2-0-2/OpenLineage.json";
const EVENT_SCHEMA = `${SPECIFICATION}#/$defs/RunEvent`;
const VERSION_FACET =
  "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet";
const PARENT_FACET = "https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet";
const PRODUCER = "https://latchkey.dev/insight";
const NAMESPACE = "latchkey";

/** A dataset of a lineage event; its version is the hash of its content, if it has one. */
interface LineageDataset {
  namespace: string;
  name: string;
  facets?: Record<string, object>;
}

/** One OpenLineage run event. */
interface LineageEvent {
  eventType: "START" | "COMPLETE" | "FAIL";
  eventTime: string;
  run: { runId: string; facets?: Record<string, object> };
  job: { namespace: string; name: string };
  inputs: LineageDataset[];
  outputs: LineageDataset[];
  producer: string;
  schemaURL: string;
}

/** A prediction, traced back to its data. */
export interface Lineage {
  events: LineageEvent[];
  snapshot: { sha256: string; parts: number };
  /** Whether all data still exists with the stored hashes. */
  verified: { model: boolean; manifest: boolean; parts: boolean; course_in_snapshot: boolean };
}

/**
 * The lineage of a prediction as OpenLineage events of three jobs: facts, snapshot, model, prediction. Each content is
 * read again and compared with its hash.
 *
 * @param trained the run that made the model. `predicted` is the run that predicted; often the same.
 */
export async function lineageOf(
  env: Env,
  prediction: PredictionRow,
  model: ModelRow,
  trained: RunRow,
  predicted: RunRow,
): Promise<Lineage> {
  const manifest = await loadManifest(env, model.data_hash);
  const parts = manifest?.courses.flatMap((course) => course.parts) ?? [];
  let intact = manifest !== null;
  for (const { sha256 } of parts) intact &&= (await loadContent(env.DOCUMENTS, sha256)) !== null;
  return {
    events: [...(await trainingEvents(trained, model)), ...(await predictionEvents(predicted, prediction, model))],
    snapshot: { sha256: model.data_hash, parts: parts.length },
    verified: {
      model: (await loadModel(env.DOCUMENTS, model.hash)) !== null,
      manifest: manifest !== null,
      parts: intact,
      course_in_snapshot: manifest?.courses.some(({ course }) => course === prediction.course_slug) ?? false,
    },
  };
}

async function loadManifest(env: Env, sha256: string): Promise<Manifest | null> {
  const text = await loadContent(env.DOCUMENTS, sha256);
  return text === null ? null : manifestSchema.parse(JSON.parse(text));
}

async function trainingEvents(run: RunRow, model: ModelRow): Promise<LineageEvent[]> {
  const facts = { namespace: "d1://latchkey", name: "progress" };
  const snapshot = versioned(snapshotKey(model.data_hash), model.data_hash);
  const artefact = versioned(modelKey(model.hash), model.hash);
  return [
    ...(await eventsOf(run, "insight.collect", model.created_at, [facts], [snapshot])),
    ...(await eventsOf(run, "insight.train", model.created_at, [snapshot], [artefact])),
  ];
}

function predictionEvents(run: RunRow, prediction: PredictionRow, model: ModelRow): Promise<LineageEvent[]> {
  const inputs = [versioned(modelKey(model.hash), model.hash)];
  if (run.data_hash !== null) inputs.push(versioned(snapshotKey(run.data_hash), run.data_hash));
  const name = `insight_predictions/${prediction.enrollment_id}/${prediction.day}`;
  const end = run.finished_at ?? run.updated_at;
  return eventsOf(run, "insight.predict", end, inputs, [{ namespace: "d1://latchkey", name }]);
}

/** START and COMPLETE of one job of a run. The job's run has its own id, and the pipeline's run is its parent. */
async function eventsOf(
  run: RunRow,
  job: string,
  end: number,
  inputs: LineageDataset[],
  outputs: LineageDataset[],
): Promise<LineageEvent[]> {
  const parent = {
    _producer: PRODUCER,
    _schemaURL: PARENT_FACET,
    run: { runId: run.id },
    job: { namespace: NAMESPACE, name: "insight" },
  };
  const base = {
    run: { runId: await runIdOf(run.id, job), facets: { parent } },
    job: { namespace: NAMESPACE, name: job },
    inputs,
    outputs,
    producer: PRODUCER,
    schemaURL: EVENT_SCHEMA,
  };
  return [
    { ...base, eventType: "START", eventTime: toInstant(run.started_at) },
    { ...base, eventType: "COMPLETE", eventTime: toInstant(end) },
  ];
}

function versioned(key: string, sha256: string): LineageDataset {
  const version = { _producer: PRODUCER, _schemaURL: VERSION_FACET, datasetVersion: sha256 };
  return { namespace: "r2://latchkey-documents", name: key, facets: { version } };
}

/** A UUID (version 8, RFC 9562) that is always the same for a run and a job. */
async function runIdOf(run: string, job: string): Promise<string> {
  const hex = (await sha256Hex(`${run} ${job}`)).slice(0, 32);
  const digits = `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}`;
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-",
  );
}
